"""Decisions as Arrow tables: one row per decision, by the columns of `columns`. Knows no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from pipeline.records.decision_bytes import Undecodable, amount_of, marks
from pipeline.records.decision_record import Delivery, Identity
from pipeline.records.fields import MARKS
from pipeline.records.identity import stored_id
from pipeline.records.quantities import parse_amount
from pipeline.sinks.parquet.columns import (
    DOCUMENT,
    FIXED,
    FLAG,
    KNOWN,
    NUMBER,
    REQUIRED,
    SCHEMA_VERSION,
    TEXT,
    TIME,
)

_KINDS: Mapping[type, str] = {int: NUMBER, float: NUMBER, str: TEXT, bool: FLAG}
_TYPES = {NUMBER: pa.float64(), TEXT: pa.string(), FLAG: pa.bool_()}
_EXACT_BELOW = 1e10  # up to here four decimals of a double are certain


class Row(NamedTuple):
    """A delivery and its value as plain JSON values."""

    delivery: Delivery
    document: Mapping[str, Any]
    identity: Identity


def read(delivery: Delivery) -> Row:
    """Raises Undecodable when the value is not a decision."""
    try:
        document = orjson.loads(delivery.value)
        if not isinstance(document, dict) or not document.keys() >= REQUIRED:
            raise Undecodable("not a decision: fields are missing")
        user_id, event_id = document["user_id"], document["event_id"]
        if isinstance(event_id, str):
            event_id = stored_id(event_id, document.get("content_hash"))
        _check_date(document["event_time"][:10])
    except (ValueError, TypeError) as error:
        raise Undecodable(str(error)) from None
    if not isinstance(user_id, str) or not isinstance(event_id, str):
        raise Undecodable("an id is no text")
    return Row(delivery, document, (user_id, event_id))


def table(rows: Sequence[Row]) -> pa.Table:
    """One row for each, in order. Raises Undecodable when any of them has values of another shape."""
    try:
        columns = _fixed(rows) | _features([row.document["features"] for row in rows])
        return pa.table(columns)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise Undecodable(f"of another shape: {error}") from None


def fold(found: pa.Table) -> pa.Table:
    """For each event the row of the greatest position, in ascending order of position."""
    keys = [("position", "ascending"), ("user_id", "ascending"), ("event_id", "ascending")]
    ordered = found.sort_by(keys)
    numbers = pa.array(np.arange(len(ordered), dtype=np.int64))
    groups = ordered.select(["user_id", "event_id"]).append_column("row", numbers)
    last = groups.group_by(["user_id", "event_id"], use_threads=False).aggregate([("row", "max")])["row_max"]
    return ordered if len(last) == len(ordered) else ordered.take(last.combine_chunks().sort())


def unite(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all, absent columns filled with null; fixed columns first, features by name."""
    whole = pa.concat_tables([FIXED.empty_table(), *tables], promote_options="default")
    return whole.select([*FIXED.names, *sorted(set(whole.column_names) - set(FIXED.names))])


def without_empty(found: pa.Table) -> pa.Table:
    """Without the feature columns that no row has."""
    kept = [n for n in found.column_names if n in FIXED.names or found[n].null_count < len(found)]
    return found.select(kept)


def texts(column: pa.ChunkedArray) -> list[str | None]:
    """The values as text: times as epoch milliseconds, amounts with four decimals, flags true and false."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_floating(column.type):
        return [None if value is None else repr(value) for value in column.to_pylist()]
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    found: list[str | None] = column.to_numpy(zero_copy_only=False).tolist()
    return found


def features(found: pa.Table) -> list[str]:
    """Of each row the features as canonical JSON, by the names of their columns."""
    names = sorted(set(found.column_names) - set(FIXED.names))
    columns = [_plain(found[name]) for name in names]
    if not names:
        return ["{}"] * len(found)
    # a null number arrives as the one value that is not equal to itself
    return [
        orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None and v == v}).decode()
        for row in zip(*columns, strict=True)
    ]


def features_of(document: Mapping[str, Any]) -> str:
    """The same from a decision: what `features` gives once it is stored."""
    found: dict[str, object] = {}
    for name, value in document["features"].items():
        if isinstance(value, bool):
            found[FLAG + name] = value
        elif isinstance(value, str):
            found[TEXT + name] = value
        else:
            found[NUMBER + name] = float(value)
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def _plain(column: pa.ChunkedArray) -> list[Any]:
    found: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
    return found


def extra(document: Mapping[str, Any]) -> str | None:
    """The fields without a column of their own as canonical JSON, None when there are none."""
    if document.keys() <= KNOWN:
        return None
    others = {name: value for name, value in document.items() if name not in KNOWN}
    return orjson.dumps(others, option=orjson.OPT_SORT_KEYS).decode()


def ids(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids by which stores know the events of these decisions."""
    return [stored_id(document["event_id"], document.get("content_hash")) for document in documents]


def marked(document: Mapping[str, Any]) -> str | None:
    """The marks of a decision as canonical JSON."""
    said = marks(document)
    return None if said is None else orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


@lru_cache(maxsize=512)
def _check_date(text: str) -> None:
    date.fromisoformat(text)


def _fixed(rows: Sequence[Row]) -> dict[str, pa.Array]:
    documents = [row.document for row in rows]
    names = frozenset().union(*documents)
    found = pa.array(documents, DOCUMENT)
    if any(part.null_count for part in found.field("source").flatten()):
        raise TypeError("a decision without its place in the log")
    return fixed(
        found,
        [row.delivery for row in rows],
        {
            "amount": _amounts(rows),
            "extra": None if names <= KNOWN else [extra(document) for document in documents],
            "marks": None if names.isdisjoint(MARKS) else [marked(document) for document in documents],
            "event_id": ids(documents),
            "lat": _numbers([document.get("lat") for document in documents]),
            "lon": _numbers([document.get("lon") for document in documents]),
        },
    )


def fixed(
    found: pa.StructArray, deliveries: Sequence[Delivery], values: Mapping[str, Any]
) -> dict[str, pa.Array]:
    """The columns of `FIXED`: those of `values` (None: nothing but nulls), others as `found` has them."""
    source = found.field("source")
    values = {
        "schema_version": np.full(len(deliveries), SCHEMA_VERSION, np.int16),
        "event_time": found.field("event_time").cast(TIME),
        "position": [delivery.position for delivery in deliveries],
        "decided_at": [delivery.append_ms for delivery in deliveries],
        **{f"source_{name}": source.field(name) for name in ("topic", "partition", "offset")},
        **values,
    }
    return {one.name: _column(values, one, found) for one in FIXED}


def _column(values: Mapping[str, Any], one: pa.Field, found: pa.StructArray) -> pa.Array:
    if one.name not in values:
        return found.field(one.name)
    given = values[one.name]
    if given is None:
        return pa.nulls(len(found), one.type)
    return given if isinstance(given, pa.Array) else pa.array(given, one.type)


def _amounts(rows: Sequence[Row]) -> pa.Array:
    found = [row.document["amount"] for row in rows]
    if not set(map(type, found)) <= {int, float}:
        raise TypeError("an amount is no number")
    near = np.array(found, dtype=np.float64)
    if np.abs(near).max(initial=0.0) < _EXACT_BELOW:
        units = np.rint(near * 10_000).astype(np.int64)
    else:
        units = np.array([parse_amount(amount_of(row.delivery.value)) for row in rows], dtype=np.int64)
    words = np.stack([units, units >> 63], axis=1)  # the low and the high half of 128 bits
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(rows), [None, pa.py_buffer(words)])


def _features(found: Sequence[Mapping[str, Any]]) -> dict[str, pa.Array]:
    kinds = {name: _kinds(name, found) for name in sorted(frozenset().union(*found))}
    plain = {name: next(iter(ones)) for name, ones in kinds.items() if len(ones) == 1}
    columns = _together(found, plain)
    for name in kinds.keys() - plain.keys():
        columns |= _apart(name, kinds[name], [features.get(name) for features in found])
    return {name: columns[name] for name in sorted(columns)}


def _together(found: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> dict[str, pa.Array]:
    """The columns of features that are of one kind each, taken out of all rows at once."""
    try:
        columns = pa.array(found, pa.struct([(name, _TYPES[kind]) for name, kind in kinds.items()]))
    except pa.ArrowInvalid:  # a whole number beyond 2^53
        return {
            kind + name: _one(kind, [features.get(name) for features in found])
            for name, kind in kinds.items()
        }
    return {kind + name: columns.field(name) for name, kind in kinds.items()}


def _kinds(name: str, found: Sequence[Mapping[str, Any]]) -> set[str]:
    """The kinds of a feature's values; a feature without any counts as a number."""
    types = {type(features.get(name)) for features in found} - {type(None)}
    if not types <= _KINDS.keys():
        raise TypeError(f"feature {name} is no scalar")
    return {_KINDS[one] for one in types} or {NUMBER}


def _apart(name: str, kinds: set[str], values: list[Any]) -> dict[str, pa.Array]:
    """The columns of a feature of several kinds: each holds the values of its own."""
    return {
        kind + name: _one(kind, [value if _KINDS.get(type(value)) == kind else None for value in values])
        for kind in kinds
    }


def _one(kind: str, values: list[Any]) -> pa.Array:
    return _numbers(values) if kind == NUMBER else pa.array(values, _TYPES[kind])


def _numbers(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:  # a whole number beyond 2^53
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
