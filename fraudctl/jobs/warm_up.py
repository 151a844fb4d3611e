"""From where a job without state must read so that its windows are what they are live at some moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudctl.jobs.reach import look_back_ms
from fraudctl.kafka import admin

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.rules.feature import Feature


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Offsets of the transactions topic to read from; `back_ms` None: the whole log is needed."""

    start: Mapping[int, int]
    back_ms: int | None


def before(stack: Stack, features: Iterable[Feature], moment_ms: int | None) -> WarmUp:
    """Where to begin so that events appended from `moment_ms` on meet warm windows; None: from the start."""
    topic, settings = stack.profile.topics.transactions, stack.profile.pipeline
    times = settings.dedup_window_ms, settings.out_of_orderness_ms, settings.allowed_lateness_ms
    back = look_back_ms(features, *times)
    if moment_ms is None or back is None:
        return WarmUp(admin.begin_offsets(stack.kafka, topic), back)
    return WarmUp(admin.offsets_at(stack.kafka, topic, max(0, moment_ms - back)), back)
