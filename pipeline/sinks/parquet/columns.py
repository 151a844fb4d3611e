"""The columns of a decision.

The fixed ones are those of `FIXED`. A feature is the column `number_NAME` (double), `text_NAME` (string)
or `flag_NAME` (boolean), by the kind of its values; where no row has it, the table lacks it. A name therefore
never changes its type, and files with different features unite by name. What changes the meaning of a column
raises `SCHEMA_VERSION`, which every row carries.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.records.fields import MARKS

SCHEMA_VERSION = 1
NUMBER, TEXT, FLAG = "number_", "text_", "flag_"

TIME = pa.timestamp("ms", "UTC")
_REASONS = pa.list_(pa.struct([("rule", pa.string()), ("points", pa.int16()), ("text", pa.string())]))
_TEXTS = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
_VERDICT_TEXTS = ("decision", "ruleset_version", "ruleset_hash")
_VERDICT_FLAGS = ("late", "saturated")

FIXED = pa.schema(
    [
        ("schema_version", pa.int16()),
        ("user_id", pa.string()),
        ("event_id", pa.string()),
        ("event_time", TIME),
        ("amount", pa.decimal128(18, 4)),
        *[(name, pa.string()) for name in _TEXTS],
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("extra", pa.string()),
        ("score", pa.int16()),
        ("decision", pa.string()),
        ("reasons", _REASONS),
        ("ruleset_version", pa.string()),
        ("ruleset_hash", pa.string()),
        ("late", pa.bool_()),
        ("saturated", pa.bool_()),
        ("marks", pa.string()),
        ("source_topic", pa.string()),
        ("source_partition", pa.int32()),
        ("source_offset", pa.int64()),
        ("position", pa.int64()),
        ("decided_at", TIME),
    ]
)
"""`amount` is exact; `extra` is a JSON object of the fields without a column, `marks` one of what a decision
says only when there is reason to, null otherwise; times are UTC."""

ADDED = frozenset(("marks",))
"""Columns that files of earlier versions lack; there they are null."""

REQUIRED = frozenset(
    [
        "event_id",
        "user_id",
        "event_time",
        "amount",
        "source",
        "features",
        "score",
        "reasons",
        *_VERDICT_TEXTS,
        *_VERDICT_FLAGS,
    ]
)
PLAIN = REQUIRED | frozenset((*_TEXTS, "lat", "lon"))
"""The fields of a decision that has neither marks nor fields without a column."""

KNOWN = PLAIN | MARKS

DOCUMENT = pa.struct(
    [
        *[FIXED.field(name) for name in ("user_id", "event_id", *_TEXTS, "score", "reasons")],
        *[FIXED.field(name) for name in (*_VERDICT_TEXTS, *_VERDICT_FLAGS)],
        ("event_time", pa.string()),
        ("source", pa.struct([("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64())])),
    ]
)
"""What is taken out of decisions as it stands there."""
