"""Record logs and feature sets as their authors mean them, for tests that compare implementations.

A `Row` is one record of a log as its author meant it (`fields`, already exact: amounts in units of
1/10,000, times in epoch ms) together with the bytes that say so (`value`). The oracle reads the
former, the implementations under test decode the latter, so a fault in decoding shows as well.

A `Feature` and its `Condition`s are structured; `content()` writes them as the text of a rule set.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pipeline.rules.zones import known

UNITS = 10_000
DAY_MS = 86_400_000
START_MS = 1_700_000_000_000
ZONE = "Europe/Berlin"
RATES = {"USD": "0.9231", "JPY": 0.0061}

FieldValue = str | int | float | bool


@dataclass(frozen=True)
class Row:
    """One record: `fields` is None for a control record and for one that must be refused."""

    partition: int
    offset: int
    append_ms: int
    value: bytes | None
    fields: Mapping[str, FieldValue] | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """A condition on a transaction: op is and, or, not, present, starts_with, in, not in or a comparison.

    `name` is a field, or a word such as `hour` or `lower(tag)`.
    """

    op: str
    name: str = ""
    operand: Any = None
    parts: tuple[Condition, ...] = ()

    def text(self) -> str:
        if self.op in ("and", "or"):
            return "(" + f" {self.op} ".join(part.text() for part in self.parts) + ")"
        if self.op == "not":
            return f"not ({self.parts[0].text()})"
        if self.op == "present":
            return f"present({self.name})"
        if self.op == "starts_with":
            return f"starts_with({self.name}, {literal(self.operand)})"
        if self.op in ("in", "not in"):
            return f"{self.name} {self.op} [{', '.join(literal(one) for one in self.operand)}]"
        return f"{self.name} {self.op} {literal(self.operand)}"


@dataclass(frozen=True)
class Feature:
    """One feature of a rule set, times in ms. A sequence has `steps` of (condition, times); several fields in
    `by` are joined by a plus."""

    name: str
    by: str
    agg: str = ""
    of: str | None = None
    window_ms: int | None = None
    session_gap_ms: int | None = None
    ttl_ms: int | None = None
    within_ms: int | None = None
    where: Condition | None = None
    steps: tuple[tuple[Condition, int], ...] = ()
    clock: str = "event"

    def content(self) -> dict[str, Any]:
        body: dict[str, Any] = {"by": self.by.split("+") if "+" in self.by else self.by}
        if self.clock != "event":
            body["clock"] = self.clock
        if self.steps:
            body["sequence"] = [{"where": step.text(), "times": times} for step, times in self.steps]
        else:
            body["agg"] = self.agg
        durations = {
            "window": self.window_ms,
            "session_gap": self.session_gap_ms,
            "ttl": self.ttl_ms,
            "within": self.within_ms,
        }
        body |= {key: f"{ms}ms" for key, ms in durations.items() if ms is not None}
        if self.of:
            body["of"] = self.of
        if self.where:
            body["where"] = self.where.text()
        return body


@dataclass(frozen=True)
class Settings:
    """What a pipeline is told beside its rule set."""

    out_of_orderness_ms: int = 50
    dedup_window_ms: int = 3_600_000
    max_entries: int = 1000
    time: str = "append"
    allowed_lateness_ms: int = 0


@dataclass(frozen=True)
class Case:
    """A log, the features to compute over it, and the settings to do it with."""

    rows: tuple[Row, ...]
    features: tuple[Feature, ...]
    settings: Settings


def literal(value: FieldValue | Decimal) -> str:
    """Write a literal as an expression has it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def content(features: Sequence[Feature]) -> dict[str, Any]:
    """The rule set that declares these features; its one rule only makes it complete."""
    return {
        "version": "test",
        "fields": {
            **dict.fromkeys(("mcc", "score_hint", "vip"), "any"),
            **{"tip": "number", "tag": "text", "flag": "bool"},
        },
        "settings": {"currency": "EUR", "zone": ZONE},
        "zones": {ZONE: zone.as_document()} if (zone := known(ZONE)) else {},
        "rates": RATES,
        "features": {feature.name: feature.content() for feature in features},
        "rules": {"large": {"when": "amount > 1000", "points": 10, "reason": "amount {amount}"}},
        "thresholds": {"review": 50, "block": 80},
    }


# --- writing records ---------------------------------------------------------------------------


def amount_literals(units: int) -> list[str]:
    """Several JSON spellings of the same amount."""
    exact = Decimal(units).scaleb(-4)
    plain = format(exact, "f")
    trimmed = plain.rstrip("0").rstrip(".") if "." in plain else plain
    spellings = [plain, trimmed, f"{units}e-4", f"{units * 10}E-5"]
    if "." in plain:
        spellings.append(plain + "00")
    if units == 0:
        spellings.append("-0")
    return spellings


def time_literals(ms: int) -> list[str]:
    """Several JSON spellings of the same time: epoch ms, UTC, another zone, finer than ms."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    east = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    utc = moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03d}"
    return [str(ms), f'"{utc}Z"', f'"{utc}999+00:00"', f'"{east.isoformat(timespec="milliseconds")}"']


def write_value(fields: Mapping[str, FieldValue], rng: random.Random, absent: Iterable[str] = ()) -> bytes:
    """The JSON text of a transaction, spelled at random; names in `absent` are written as null."""
    members: list[tuple[str, str]] = [(name, "null") for name in absent]
    for name, value in fields.items():
        if name == "amount":
            text = rng.choice(amount_literals(int(value)))
        elif name == "event_time":
            text = rng.choice(time_literals(int(value)))
        else:
            text = json.dumps(value, ensure_ascii=rng.random() < 0.3)
        members.append((name, text))
    if rng.random() < 0.5:
        rng.shuffle(members)
    gap = rng.choice(["", " "])
    return ("{" + f",{gap}".join(f'"{name}":{gap}{text}' for name, text in members) + "}").encode()
