"""What the Parquet files hold, for those who train models: each event's newest decision with its label."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.disk.files import unfinished
from pipeline.records.decision_record import Identity
from pipeline.records.label import Label
from pipeline.records.masking import NONE, Masks
from pipeline.sinks.parquet import files as parquet_files
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.blobs import Store, StoreDown
from pipeline.sinks.parquet.columns import FIXED
from pipeline.sinks.parquet.failures import translated

LABEL_COLUMNS: Final[Mapping[str, str]] = {
    "label": "label",
    "label_time": "label_time",
    "label_by": "by",
    "label_scenario": "scenario",
}
"""The columns that a label adds, and what of it each holds."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a training set holds: rows, how many of each label, and labels whose event has no decision."""

    path: Path
    rows: int
    labels: Mapping[str, int]
    unmatched: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events, and what of them: event dates from `since` to `until` (YYYY-MM-DD, both included), with a
    label unless `unlabelled`, as `masks` let people have them."""

    since: str | None = None
    until: str | None = None
    unlabelled: bool = False
    masks: Masks = NONE


def training_set(
    store: Store,
    labelled: Mapping[Identity, Label],
    out: Path,
    wanted: Selection,
    tell: Callable[[int, int], None],
) -> TrainingSet:
    """Write each event's newest decision with its label to one Parquet file, in order of event date.

    `tell` is told how many of how many files are done. Raises Unavailable when the store cannot be used,
    Damaged when a file cannot be read, OSError when `out` cannot be written.
    """
    with translated():
        names = sorted(store.names())
        newest, schema = _newest(store, names)
        schema = pa.schema([*schema, *[(name, pa.string()) for name in LABEL_COLUMNS]])
        dated = [
            name
            for name in names
            if _within(_date(name), wanted.since, wanted.until) and len(newest.get(name, ()))
        ]
        counts: dict[str, int] = defaultdict(int)
        with unfinished(out) as fresh:
            with pq.ParquetWriter(fresh, schema, compression="zstd") as writer:
                for number, name in enumerate(dated):
                    joined = _join(_chosen(store, name, newest[name]), labelled, schema, wanted.unlabelled)
                    for label in joined["label"].to_pylist():
                        counts[label or "none"] += 1
                    if len(joined):
                        writer.write_table(_shown(joined, wanted.masks))
                    tell(number + 1, len(dated))
            fresh.replace(out)
    matched = sum(count for label, count in counts.items() if label != "none")
    return TrainingSet(out, sum(counts.values()), dict(counts), len(labelled) - matched)


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
    part: pa.Table, labelled: Mapping[Identity, Label], schema: pa.Schema, unlabelled: bool
) -> pa.Table:
    identities = zip(part["user_id"].to_pylist(), part["event_id"].to_pylist(), strict=True)
    found = [labelled.get(identity) for identity in identities]
    columns = {name: part[name] for name in part.column_names}
    for name, field in LABEL_COLUMNS.items():
        columns[name] = pa.array([None if one is None else getattr(one, field) for one in found], pa.string())
    empty = pa.nulls(len(part))
    table = pa.table({field.name: columns.get(field.name, empty).cast(field.type) for field in schema})
    return table if unlabelled else table.filter(pc.is_valid(table["label"]))


def _shown(table: pa.Table, masks: Masks) -> pa.Table:
    """The rows as people may have them; a masked number is left out."""
    if not masks:
        return table
    rows = []
    for row in table.to_pylist():
        row["extra"] = json.loads(row["extra"] or "null")
        shown = masks.document(row)
        shown["extra"] = None if shown["extra"] is None else json.dumps(shown["extra"], ensure_ascii=False)
        rows.append(shown)
    for field in table.schema:
        if masks.hides(field.name) and not pa.types.is_string(field.type):
            for row in rows:
                row[field.name] = None
    return pa.Table.from_pylist(rows, table.schema)


def _date(name: str) -> str:
    parsed = parquet_files.parse_name(name)
    return parsed.event_date if parsed else ""


def _within(date: str, since: str | None, until: str | None) -> bool:
    return (since is None or date >= since) and (until is None or date <= until)
