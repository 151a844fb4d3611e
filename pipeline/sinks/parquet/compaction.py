"""Small files made few, while the sink writes.

Closed cells only are touched: those whose last offset the sink has committed, so that no row is ever added
to them. A compacted file is published before its sources are removed, and a source is removed only if it is
still the version that was read. Stopping at any moment leaves rows twice at most, never none; readers take
the greatest position of each event, and the next compaction removes the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa

from pipeline.sinks.parquet import files as parquet_files
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.blobs import Blob, Changed, Store
from pipeline.sinks.parquet.failures import translated
from pipeline.sinks.parquet.files import Cell, FileName

Tell = Callable[[int, int], None]
"""Told how many of how many files are done."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What was done: files read and removed, files written, and rows in them; superseded rows left out."""

    removed: int = 0
    written: int = 0
    rows: int = 0
    superseded: int = 0

    def __add__(self, other: Compaction) -> Compaction:
        return Compaction(
            self.removed + other.removed,
            self.written + other.written,
            self.rows + other.rows,
            self.superseded + other.superseded,
        )


def compact(store: Store, done: Mapping[int, int], target_rows: int, tell: Tell) -> Compaction:
    """Make few files of the small ones of each event date; `done` are the offsets the sink has committed.

    Raises Unavailable when the store cannot be used, Damaged when a file cannot be read.
    """
    total = Compaction()
    with translated():
        by_date = _small_files(store, done, target_rows)
        count = sum(map(len, by_date.values()))
        seen = 0
        for event_date in sorted(by_date):
            for group in _groups(store, by_date[event_date], target_rows):
                total += _merge(store, event_date, group)
                seen += len(group)
                tell(seen, count)
    return total


def _small_files(store: Store, done: Mapping[int, int], target_rows: int) -> dict[str, list[FileName]]:
    """Per event date the files that may be merged, where there is more than one."""
    found: dict[str, list[FileName]] = defaultdict(list)
    for name in sorted(store.names()):
        parsed = parquet_files.parse_name(name)
        if parsed is None:
            continue
        small = _is_closed(parsed.cell, done) if parsed.cell else parsed.rows * 2 <= target_rows
        if small:
            found[parsed.event_date].append(parsed)
    return {event_date: names for event_date, names in found.items() if len(names) > 1}


def _is_closed(cell: Cell, done: Mapping[int, int]) -> bool:
    return done.get(cell.partition, 0) >= cell.end


def _groups(
    store: Store, names: Sequence[FileName], target_rows: int
) -> Iterator[list[tuple[str, Blob, pa.Table]]]:
    """The files read, in groups of about the target."""
    group: list[tuple[str, Blob, pa.Table]] = []
    for file in names:
        blob = store.read(file.name)
        if blob is None:
            continue
        group.append((file.name, blob, parquet_files.decode(file.name, blob.data)))
        if sum(len(table) for _, _, table in group) >= target_rows:
            yield group
            group = []
    if group:
        yield group


def _merge(store: Store, event_date: str, group: list[tuple[str, Blob, pa.Table]]) -> Compaction:
    if len(group) < 2:
        return Compaction()
    tables = [table for _, _, table in group]
    folded = decision_table.fold(decision_table.unite(tables))
    whole = folded.sort_by([("event_time", "ascending"), ("position", "ascending")])
    data = parquet_files.encode(whole)
    name = parquet_files.compacted_name(event_date, len(whole), data)
    with suppress(Changed):  # named by its content: an earlier attempt came this far
        store.write(name, data, None)
    removed = 0
    for source, blob, _ in group:
        if source != name:
            try:
                store.remove(source, blob.tag)
                removed += 1
            except Changed:
                continue  # written to meanwhile: it stays, and is merged the next time
    return Compaction(removed, 1, len(whole), sum(map(len, tables)) - len(whole))
