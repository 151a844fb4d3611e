"""The training store from the user's side: small files made few, and labels joined to decisions.

Compaction touches closed cells only: those whose last offset the sink has committed, so that no row is
ever added to them. A compacted file is published before its sources are removed, and a source is removed
only if it is still the version that was read. Stopping at any moment leaves rows twice at most, never
none; readers take the greatest position of each event, and the next compaction removes the rest.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fraudctl.engines import workers
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from pipeline.process.files import unfinished
from pipeline.sinks.parquet import blobs
from pipeline.sinks.parquet import files as parquet_files
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.blobs import Blob, Changed, Store, StoreDown
from pipeline.sinks.parquet.files import Cell, Damaged, FileName
from pipeline.sinks.parquet.table import FIXED

SINK = "parquet"
TARGET_ROWS = 500_000
LABEL_COLUMNS = ("label", "label_time", "label_by", "label_scenario")

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
            self.removed + other.removed, self.written + other.written,
            self.rows + other.rows, self.superseded + other.superseded,
        )  # fmt: skip


class Label(NamedTuple):
    """The newest label of an event, in the order of `LABEL_COLUMNS`."""

    label: str
    label_time: str | None
    by: str | None
    scenario: str | None


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a training set holds: rows, how many of each label, and labels whose event has no decision."""

    path: Path
    rows: int
    labels: Mapping[str, int]
    unmatched: int


def store_of(stack: Stack) -> Store:
    """The store that the stack's Parquet sink writes to; UsageError when it has no such sink."""
    if SINK not in stack.profile.sinks:
        raise UsageError(
            "this stack has no parquet sink",
            hint="add `parquet: {}` to the sinks of its profile, or run: fraudctl up --profile all-sinks",
            code="no_sink",
        )
    secret = stack.secret_path(SINK)
    try:
        text = secret.read_text(encoding="utf-8") if secret else None
        return blobs.connect(stack.parquet_address(), text, stack.profile.sinks[SINK])
    except (OSError, ValueError) as error:
        raise UsageError(f"the parquet sink's settings: {error}") from error


def committed(stack: Stack) -> dict[int, int]:
    """Per partition the offset up to which the sink has stored everything."""
    return admin.committed(stack.kafka, workers.group(SINK), stack.profile.topics.decisions)


def compact(
    store: Store, done: Mapping[int, int], target_rows: int = TARGET_ROWS, tell: Tell = lambda *_: None
) -> Compaction:
    """Make few files of the small ones of each event date; `done` is what `committed` gives.

    Raises Failed when the store cannot be used or a file cannot be read.
    """
    total = Compaction()
    with _explained():
        by_date = _small_files(store, done, target_rows)
        count = sum(map(len, by_date.values()))
        seen = 0
        for event_date in sorted(by_date):
            for group in _groups(store, by_date[event_date], target_rows):
                total += _merge(store, event_date, group)
                seen += len(group)
                tell(seen, count)
    return total


def labels(stack: Stack) -> dict[tuple[str, str], Label]:
    """The newest label of each event, by (user_id, event_id); the later in the log is the newer."""
    found: dict[tuple[str, str], tuple[tuple[int, int], Label]] = {}
    for record in admin.tail(stack.kafka, stack.profile.topics.labels):
        label = _label(record.value)
        if label is not None:
            identity, value = label
            at = record.append_ms, record.offset
            if identity not in found or at >= found[identity][0]:
                found[identity] = at, value
    return {identity: value for identity, (_, value) in found.items()}


def training_set(
    store: Store,
    labelled: Mapping[tuple[str, str], Label],
    out: Path,
    since: str | None = None,
    until: str | None = None,
    unlabelled: bool = False,
    tell: Tell = lambda *_: None,
) -> TrainingSet:
    """Write each event's newest decision with its label to one Parquet file, in order of event date.

    Event dates run from `since` to `until` (YYYY-MM-DD, both included). Events without a label are left
    out unless `unlabelled`. Raises Failed when the store cannot be used or a file cannot be read.
    """
    with _explained():
        names = sorted(store.names())
        newest, schema = _newest(store, names)
        schema = pa.schema([*schema, *[(name, pa.string()) for name in LABEL_COLUMNS]])
        dated = [name for name in names if _within(_date(name), since, until) and len(newest.get(name, ()))]
        counts: dict[str, int] = defaultdict(int)
        with unfinished(out) as fresh:
            with pq.ParquetWriter(fresh, schema, compression="zstd") as writer:
                for number, name in enumerate(dated):
                    joined = _join(_chosen(store, name, newest[name]), labelled, schema, unlabelled)
                    for label in joined["label"].to_pylist():
                        counts[label or "none"] += 1
                    if len(joined):
                        writer.write_table(joined)
                    tell(number + 1, len(dated))
            fresh.replace(out)
    matched = sum(count for label, count in counts.items() if label != "none")
    return TrainingSet(out, sum(counts.values()), dict(counts), len(labelled) - matched)


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


def _newest(store: Store, names: Sequence[str]) -> tuple[dict[str, pa.Array], pa.Schema]:
    """Per file the numbers of its rows that are the newest of their event over all files; all columns.

    Positions are compared within an event only: two partitions may have the same.
    """
    ids, schemas = [], [FIXED]
    for number, name in enumerate(names):
        blob = store.read(name)
        if blob is not None:
            schemas.append(parquet_files.schema(name, blob.data))
            table = parquet_files.decode(name, blob.data, ["user_id", "event_id", "position"])
            place = pa.array(np.full(len(table), number)), pa.array(np.arange(len(table)))
            ids.append(table.append_column("file", place[0]).append_column("row", place[1]))
    united = pa.unify_schemas([schema.remove_metadata() for schema in schemas])
    features = sorted(set(united.names) - set(FIXED.names))
    whole = pa.schema([*FIXED, *[united.field(name) for name in features]])
    if not ids:
        return {}, whole
    places = decision_table.fold(pa.concat_tables(ids)).sort_by([("file", "ascending"), ("row", "ascending")])
    files, rows = places["file"].to_numpy(), places["row"].to_numpy()
    bounds = np.searchsorted(files, np.arange(len(names) + 1))
    return {name: pa.array(rows[bounds[n] : bounds[n + 1]]) for n, name in enumerate(names)}, whole


def _chosen(store: Store, name: str, rows: pa.Array) -> pa.Table:
    blob = store.read(name)
    if blob is None:
        raise StoreDown(f"{name} has just been compacted away; run the export again")
    return parquet_files.decode(name, blob.data).take(rows)


def _join(
    part: pa.Table, labelled: Mapping[tuple[str, str], Label], schema: pa.Schema, unlabelled: bool
) -> pa.Table:
    identities = zip(part["user_id"].to_pylist(), part["event_id"].to_pylist(), strict=True)
    found = [labelled.get(identity) for identity in identities]
    columns = {name: part[name] for name in part.column_names}
    for index, name in enumerate(LABEL_COLUMNS):
        columns[name] = pa.array([None if one is None else one[index] for one in found], pa.string())
    empty = pa.nulls(len(part))
    table = pa.table({field.name: columns.get(field.name, empty).cast(field.type) for field in schema})
    return table if unlabelled else table.filter(pc.is_valid(table["label"]))


def _label(value: bytes | None) -> tuple[tuple[str, str], Label] | None:
    """The event and its label; None for a record that is no label."""
    try:
        document = json.loads(value or b"null")
        identity = str(document["user_id"]), str(document["event_id"])
        texts = [document.get(name) for name in ("label_time", "by", "scenario")]
        return identity, Label(str(document["label"]), *[None if t is None else str(t) for t in texts])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _date(name: str) -> str:
    parsed = parquet_files.parse_name(name)
    return parsed.event_date if parsed else ""


def _within(date: str, since: str | None, until: str | None) -> bool:
    return (since is None or date >= since) and (until is None or date <= until)


class _explained:
    """Turns what the store or a file may raise into Failed with a remedy."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, Damaged):
            hint = "remove the file, then run: fraudctl verify sinks --sink parquet --repair"
            raise Failed(str(error), hint=hint, code="damaged_file") from error
        if isinstance(error, StoreDown | OSError):
            hint = "see: fraudctl sinks status"
            raise Failed(f"the training store: {error}", hint=hint, code="store_down") from error
