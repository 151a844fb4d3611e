"""How far back a log must be read so that every feature has at a moment the value it has live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pipeline.records.clock import HOUR_MS
from pipeline.rules.feature import Feature

SLACK_MS: Final = HOUR_MS
"""Events may be that much older than their append time, as far as `ingest` lets them."""


def look_back_ms(
    features: Iterable[Feature], dedup_window_ms: int, out_of_orderness_ms: int, allowed_lateness_ms: int = 0
) -> int | None:
    """Milliseconds before the moment; None when the whole log is needed.

    A window needs its own length, `previous` its ttl, dedup its window. The age that `first_seen` gives goes
    back to the first sight, which may lie any number of ttls back, so it needs the whole log.
    """
    reach = dedup_window_ms
    for feature in features:
        if feature.agg == "first_seen":
            return None
        reach = max(reach, feature.retention_ms, feature.ttl_ms or 0)
    return reach + out_of_orderness_ms + max(SLACK_MS, allowed_lateness_ms)
