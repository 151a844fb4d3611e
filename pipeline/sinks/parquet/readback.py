"""What a row of the Parquet store means, and what it should mean, in one form made to be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from pipeline.records.quantities import parse_amount
from pipeline.sinks import Entry
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.columns import FIXED, SCHEMA_VERSION
from pipeline.sinks.parquet.table import Row

COMPARED = (
    "event_time",
    "amount",
    "currency",
    "ip",
    "device_id",
    "card_id",
    "merchant_id",
    "country",
    "channel",
    "lat",
    "lon",
    "extra",
    "features",
    "score",
    "decision",
    "reasons",
    "ruleset_version",
    "ruleset_hash",
    "late",
    "saturated",
    "marks",
    "source",
    "decided_at",
    "schema_version",
)
_TEXTS = (
    "currency",
    "ip",
    "device_id",
    "card_id",
    "merchant_id",
    "country",
    "channel",
    "decision",
    "ruleset_version",
    "ruleset_hash",
)
_COLUMNS = tuple(name for name in FIXED.names if name != "reasons")


def entries_of(table: pa.Table) -> Iterator[Entry]:
    """The rows as entries; `expected_of` gives the same for a decision."""
    text: dict[str, Sequence[str | None]] = {name: decision_table.texts(table[name]) for name in _COLUMNS}
    text["features"] = decision_table.features(table)
    text["reasons"] = [_reasons(hits) for hits in table["reasons"].to_pylist()]
    places = zip(*(text[f"source_{name}"] for name in ("topic", "partition", "offset")), strict=True)
    text["source"] = [f"{topic}/{partition}/{offset}" for topic, partition, offset in places]
    fields = zip(*[text[name] for name in COMPARED], strict=True)
    own = (text[name] for name in ("user_id", "event_id", "position", "source_partition"))
    for values, user_id, event_id, position, partition in zip(fields, *own, strict=True):
        yield Entry(
            user_id or "",
            event_id or "",
            -1 if position is None else int(position),
            values,
            None,
            None if partition is None else int(partition),
        )


def expected_of(row: Row, amount: str) -> Entry:
    document, delivery = row.document, row.delivery
    source, units = document["source"], parse_amount(amount)
    fields: dict[str, str | None] = {name: document.get(name) for name in _TEXTS}
    fields |= {
        "event_time": str(round(datetime.fromisoformat(document["event_time"]).timestamp() * 1000)),
        "amount": f"{'-' if units < 0 else ''}{abs(units) // 10_000}.{abs(units) % 10_000:04d}",
        "lat": _number(document.get("lat")),
        "lon": _number(document.get("lon")),
        "extra": decision_table.extra(document),
        "features": decision_table.features_of(document),
        "score": str(document["score"]),
        "reasons": _reasons(document["reasons"]),
        "late": str(document["late"]).lower(),
        "saturated": str(document["saturated"]).lower(),
        "marks": decision_table.marked(document),
        "source": f"{source['topic']}/{source['partition']}/{source['offset']}",
        "decided_at": str(delivery.append_ms),
        "schema_version": str(SCHEMA_VERSION),
    }
    values = tuple([fields[name] for name in COMPARED])
    return Entry(*row.identity, delivery.position, values, None, source["partition"])


def _reasons(hits: Any) -> str:
    return orjson.dumps(hits, option=orjson.OPT_SORT_KEYS).decode() if hits else "[]"


def _number(value: Any) -> str | None:
    return None if value is None else repr(float(value))
