"""The table of `decision_table.table`, made by Arrow's own reader of JSON from many decisions at once.

No Python object is made per decision, and the interpreter is free meanwhile. Arrow's reader is laxer than
ours in places, so this one is sure or gives up: wherever the two might differ it answers None, and the
caller goes the slow way, which also finds out which decision is at fault.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from pipeline.records.decision_record import Delivery
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.columns import DOCUMENT, FIXED, FLAG, NUMBER, PLAIN, REQUIRED, TEXT

_AS_THEY_STAND = ("amount", "lat", "lon")
_SCHEMA = pa.schema([*DOCUMENT, *[FIXED.field(name) for name in _AS_THEY_STAND]])
_PARSE = pa_json.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="infer")
_READ = pa_json.ReadOptions(use_threads=False, block_size=4 << 20)
_SURROGATE = b"\\ud", b"\\uD"
_KINDS = {pa.int64(): NUMBER, pa.float64(): NUMBER, pa.null(): NUMBER, pa.string(): TEXT, pa.bool_(): FLAG}


def table(deliveries: Sequence[Delivery]) -> pa.Table | None:
    """One row for each, in order, or None when it is not certain that the slow way would give the same."""
    lines = _lines(deliveries)
    if lines is None:
        return None
    try:
        found = pa_json.read_json(pa.BufferReader(lines), _READ, _PARSE).to_struct_array().combine_chunks()
        return _decided(found, deliveries) if _is_certain(found, len(deliveries)) else None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _lines(deliveries: Sequence[Delivery]) -> bytes | None:
    """Each decision on a line of its own. None when a line might be half of one or more, or is no UTF-8."""
    lines = b"\n".join([delivery.value for delivery in deliveries])
    breaks = len(deliveries) - 1
    if lines.count(b"\n") != breaks or lines.count(b"}\n{") != breaks:
        return None
    if b"\\u" in lines and any(escape in lines for escape in _SURROGATE):
        return None  # half a character, perhaps
    if not (lines.startswith(b"{") and lines.endswith(b"}") and _is_utf8(lines)):
        return None
    return lines


def _is_utf8(lines: bytes) -> bool:
    if lines.isascii():  # a good deal quicker to find out
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_certain(found: pa.StructArray, rows: int) -> bool:
    types = {field.name: field.type for field in found.type}
    if len(found) != rows or not types.keys() >= REQUIRED:
        return False
    if any(types[one.name] != one.type for one in _SCHEMA):
        return False  # a reason or a source has a field that is not known
    if any(found.field(name).null_count for name in REQUIRED):
        return False
    if any(part.null_count for part in found.field("source").flatten()):
        return False
    if not pa.types.is_struct(types["features"]) or any(one.type not in _KINDS for one in types["features"]):
        return False
    return bool(pc.all(pc.ends_with(found.field("event_time"), "Z")).as_py())


def _decided(found: pa.StructArray, deliveries: Sequence[Delivery]) -> pa.Table:
    names = {field.name for field in found.type}
    documents = [orjson.loads(delivery.value) for delivery in deliveries] if names - PLAIN else []
    extra = [decision_table.extra(document) for document in documents] or None
    marks = [decision_table.marked(document) for document in documents] or None
    values: dict[str, object] = {"extra": extra, "marks": marks}
    if "content_hash" in names:
        values["event_id"] = decision_table.ids(documents)
    columns = decision_table.fixed(found, deliveries, values)
    return pa.table(columns | _features(found.field("features")))


def _features(found: pa.StructArray) -> dict[str, pa.Array]:
    columns = {}
    for one in found.type:
        values, kind = found.field(one.name), _KINDS[one.type]
        # a whole number beyond 2^53 is kept as near as a double gets
        columns[kind + one.name] = values.cast(pa.float64(), safe=False) if kind == NUMBER else values
    return {name: columns[name] for name in sorted(columns)}
