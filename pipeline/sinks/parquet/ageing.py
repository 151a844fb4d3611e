"""Days whose files are too old to be kept."""

from __future__ import annotations

from contextlib import suppress

from pipeline.records.clock import DAY_MS
from pipeline.sinks.ageing import time_ms
from pipeline.sinks.parquet import files as parquet_files
from pipeline.sinks.parquet.blobs import Changed, Store


def day_end_ms(event_time: str) -> int:
    """When the day of an event is over, by whose date its file is named."""
    return time_ms(event_time) // DAY_MS * DAY_MS + DAY_MS


def drop_days(store: Store, upto_ms: int) -> list[str]:
    """Remove the files of days that ended by then, and of nothing else; their names. Raises StoreDown.

    One that somebody writes to meanwhile is left for the next time.
    """
    dropped = []
    for name in sorted(store.names()):
        parsed = parquet_files.parse_name(name)
        if parsed is None or day_end_ms(f"{parsed.event_date}T00:00:00Z") > upto_ms:
            continue
        tag = store.tag(name)
        if tag is not None:
            with suppress(Changed):
                store.remove(name, tag)
                dropped.append(name)
    return dropped
