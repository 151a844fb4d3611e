"""Conditions, the transactions that they are asked of, and whether they hold."""

import json
from pathlib import Path
from typing import Any

from pipeline.records.events import Transaction, decode
from pipeline.records.quantities import Number

CASES = json.loads(
    (Path(__file__).parent / "expression_cases.json").read_text(encoding="utf-8"),
    parse_float=Number,
    parse_int=Number,
)


EXTRA_FIELDS = frozenset({"mcc", "flag", "other", "limit", "null_field"})


def transaction(fields: dict[str, Any]) -> Transaction:
    """The transaction of a case: its fields over a plain one."""
    plain = {"event_id": "e1", "user_id": "u1", "event_time": "2026-03-01T12:00:00Z", "amount": Number("10")}
    members = ",".join(
        f"{json.dumps(name)}:{value if isinstance(value, Number) else json.dumps(value)}"
        for name, value in {**plain, **fields}.items()
    )
    return decode(f"{{{members}}}".encode())
