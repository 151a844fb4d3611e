"""How far from the moment of its append the time of an event may be, so that every store can hold it.

A store that keeps a month or a day apart has no end of them where a sender makes times up, and what is older
than the log is in no window that counts. Judged by the log alone: the same in every run. The kernel does the
same (`wire/Ages.java`), and a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.records.quantities import Refusal, format_time


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """In milliseconds; 0 for no limit."""

    max_age_ms: int = 0
    max_ahead_ms: int = 0

    def check(self, event_time_ms: int, append_ms: int) -> None:
        """Refusal `event_time_too_old` or `event_time_ahead`."""
        if self.max_age_ms and event_time_ms < append_ms - self.max_age_ms:
            raise Refusal("event_time_too_old", _far(event_time_ms, append_ms))
        if self.max_ahead_ms and event_time_ms > append_ms + self.max_ahead_ms:
            raise Refusal("event_time_ahead", _far(event_time_ms, append_ms))


ANY_AGE: Final = AgeLimits()


def _far(event_time_ms: int, append_ms: int) -> str:
    return f"{format_time(event_time_ms)}, appended {format_time(append_ms)}"
