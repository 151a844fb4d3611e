"""Decisions as lines of COPY's text form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.records.decision_bytes import Literal, Parts, Sent, Undecodable, marks, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks.postgres import statements as sql

_json = json.JSONEncoder(ensure_ascii=False).encode
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Row(NamedTuple):
    """One decision, and its lines in COPY's text form."""

    delivery: Delivery
    identity: Identity
    rules: tuple[str, str]
    line: str
    hits: str


def row_of(delivery: Delivery) -> Row:
    """Raises Undecodable."""
    try:
        parts = take_apart(delivery.value)
        verdict = parts.verdict
        rules = verdict["ruleset_version"], verdict["ruleset_hash"]
        hits = _hit_lines(delivery, parts) if verdict["reasons"] else ""
        return Row(delivery, parts.identity, rules, _score_line(delivery, parts), hits)
    except (TypeError, KeyError, AttributeError) as error:
        raise Undecodable(f"of another shape: {error}") from None


def _score_line(delivery: Delivery, parts: Parts) -> str:
    transaction, features, verdict = parts
    source = transaction["source"]
    get = transaction.get
    return _copy_line(
        [
            *parts.identity,
            transaction["event_time"],
            str(transaction["amount"]),
            *[get(name) for name in sql.OPTIONAL],
            _extra(transaction),
            str(verdict["score"]),
            verdict["decision"],
            features,
            verdict["ruleset_version"],
            verdict["ruleset_hash"],
            "t" if verdict["late"] else "f",
            "t" if verdict["saturated"] else "f",
            _json(said) if (said := marks(verdict)) else None,
            source["topic"],
            str(source["partition"]),
            str(source["offset"]),
            str(delivery.position),
            str(delivery.append_ms),
        ]
    )


def _hit_lines(delivery: Delivery, parts: Parts) -> str:
    user_id, event_id = parts.identity
    position = str(delivery.position)
    lines = [
        _copy_line([user_id, event_id, str(n), hit["rule"], str(hit["points"]), hit["text"], position])
        for n, hit in enumerate(parts.verdict["reasons"])
    ]
    return "".join(lines)


def _extra(transaction: Sent) -> str | None:
    """The fields without a column of their own, as JSON text, numbers as they were written."""
    cells = [
        f"{_json(name)}:{value if isinstance(value, Literal) else _json(value)}"
        for name, value in transaction.items()
        if name not in sql.KNOWN
    ]
    return "{" + ",".join(cells) + "}" if cells else None


def _copy_line(cells: Sequence[str | None]) -> str:
    line = "\t".join(["\\N" if cell is None else cell for cell in cells])
    escapes = line.count("\\") - cells.count(None)
    if escapes or line.count("\t") != len(cells) - 1 or "\n" in line or "\r" in line:
        line = "\t".join(["\\N" if cell is None else cell.translate(_SPECIAL) for cell in cells])
    return line + "\n"
