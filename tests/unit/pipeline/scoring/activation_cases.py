"""Records of the rules topic that are put aside, and what every reader says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.rules.ruleset import RuleSet, content_hash, parse
from pipeline.scoring import activation

TABLE = Path(__file__).with_suffix(".json")

FIRST: dict[str, Any] = {
    "version": "a",
    "features": {
        "n": {"by": "user_id", "agg": "count", "window": "1h", "where": "amount > 5"},
        "last_ip": {"by": "user_id", "agg": "previous", "of": "ip", "ttl": "1h"},
    },
    "rules": {"r": {"when": "n > 1", "points": 60, "reason": "{n} of {last_ip}"}},
    "thresholds": {"review": 50, "block": 80},
}
SECOND: dict[str, Any] = {
    "version": "b",
    "features": {
        "k": {"by": "ip", "agg": "distinct", "of": "user_id", "window": "30m"},
        "n": {"by": "user_id", "agg": "count", "window": "1h", "where": "amount > 5"},
        "new": {"by": "user_id", "agg": "first_seen", "of": "device_id"},
        "q": {
            "by": "user_id",
            "sequence": [{"where": "amount < 5"}, {"where": "amount > 200"}],
            "within": "10m",
        },
    },
    "rules": {"r": {"when": "n > 1 and k > 1 and new < 5 and q", "points": 60}},
    "thresholds": {"review": 50, "block": 80},
}
SHADOW = SECOND | {"version": "s", "rules": {"r": {"when": "n > 2", "points": 60}}}

Topic = list[tuple[int, int, bytes | None]]


@dataclass(frozen=True)
class Case:
    """A record, made from a good one that follows the first activation; `reason` is None where it counts."""

    name: str
    value: bytes | None
    reason: str | None


def first() -> bytes:
    return activation.following([], "first", parse(FIRST))


def second(live: RuleSet | None = None, shadow: RuleSet | None = None) -> bytes:
    """A good record that builds on the first at offset 0."""
    return activation.following(activation.read([(0, 0, first())]), "apply", live or parse(SECOND), shadow)


def topic(value: bytes | None) -> Topic:
    """The first activation, the record, and a good one that builds on the first."""
    return [(0, 1_000, first()), (1, 2_000, value), (2, 3_000, second())]


def cases() -> list[Case]:
    return [
        Case(one["case"], _value(one), None if one.get("counts") else one["reason"])
        for one in json.loads(TABLE.read_text())
    ]


def _value(case: dict[str, Any]) -> bytes | None:
    """`bytes` as they are, or a good record after a change: see the keys below."""
    if "bytes" in case:
        return None if case["bytes"] is None else str(case["bytes"]).encode()
    if "latin1" in case:
        return str(case["latin1"]).encode("latin-1")
    if "utf16" in case:
        return str(case["utf16"]).encode("utf-16")
    if "nest" in case:
        return b"[" * int(case["nest"])
    text = json.dumps(_changed(json.loads(_good()), case))
    if "text" in case:
        old, new = case["text"]
        assert old in text
        text = text.replace(old, new, 1)
    if "digits" in case:
        name, digits = case["digits"]
        text = text.replace(f'"{name}": null', f'"{name}": {"9" * digits}')
    return text.encode()


@cache
def _good() -> bytes:
    """Made once: each case changes what it reads of it."""
    return second(shadow=parse(SHADOW))


def _changed(record: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    if "set" in case:
        _put(record, *case["set"])
    elif "drop" in case:
        place, name = _place(record, case["drop"])
        del place[name]
    elif "reverse" in case:
        place, name = _place(record, case["reverse"])
        place[name].reverse()
    elif "deep" in case:
        name, depth = case["deep"]
        record[name] = json.loads("[" * depth + "]" * depth)
    if case.get("rehash"):
        record["hash"] = _hash(record["ruleset"])
    return record


def _hash(content: dict[str, Any]) -> str:
    try:
        return content_hash(content)
    except UnicodeEncodeError:
        return "0" * 64


def _place(record: Any, path: str) -> tuple[Any, Any]:
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in way:
        record = record[part]
    return record, last


def _put(record: Any, path: str, value: Any) -> None:
    place, name = _place(record, path)
    place[name] = value
