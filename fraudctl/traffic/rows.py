"""A user's own data, row by row: transactions with their labels, and why a row is none.

Every row becomes either a transaction (with its label, if the file has one) or a refusal with a reason; a
row never vanishes. What lies in which kind of file is told by `fraudctl.traffic.formats`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.traffic.formats import READERS, Pairs, Typed, check_readable, literal, opened
from pipeline.records.events import (
    LABEL_FIELDS,
    Refusal,
    Transaction,
    decode,
    parse_time,
)

_FRAUD = frozenset(("1", "1.0", "true", "fraud", "yes"))
_LEGIT = frozenset(("0", "0.0", "false", "legit", "no"))


@dataclass(frozen=True, slots=True)
class Mapped:
    """How columns become fields: `fields` maps a field to its column, `label` names the label column."""

    fields: Mapping[str, str]
    label: str = "label"


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about an event as the file tells it; `time_ms` is when it became known, if the file says."""

    fraud: bool
    time_ms: int | None
    scenario: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is a transaction. `number` counts from 1 (in CSV the heading is line 1, the first row
    2)."""

    number: int
    transaction: Transaction
    label: Label | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that is none, with the code and the detail of the first reason found."""

    number: int
    code: str
    reason: str

    def as_document(self) -> dict[str, str | int]:
        """The refusal in reports and JSON."""
        return {"line": self.number, "code": self.code, "reason": self.reason}


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Fields to columns from texts `field=column`. UsageError when one is malformed or repeated."""
    fields: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not (field and equals and column) or field in fields or column in fields.values():
            raise UsageError(f"--map {pair}", hint="write --map field=column, each of them once")
        fields[field] = column
    return fields


def read_labels(path: Path, label: str = "label") -> Iterator[tuple[str | None, str, Label]]:
    """(user_id or None, event_id, label) of each row of a file of labels. UsageError at the first bad row.

    It has the columns event_id, the label, and optionally user_id and label_time.
    """
    rows, typed = READERS[check_readable(path)]
    with opened(path) as stream:
        for number, pairs in rows(stream):
            try:
                if isinstance(pairs, Refusal):
                    raise pairs
                named = _renamed(pairs, Mapped({}, label))
                values = {name: typed(name, value) for name, value in named if value is not None}
                found = _label(values)
                if found is None or "event_id" not in values:
                    raise Refusal("missing_field", f"event_id and {label} are needed")
            except Refusal as refusal:
                raise UsageError(f"{path.name} line {number}: {refusal}", code="bad_label") from None
            user = values.get("user_id")
            yield None if user is None else str(user), str(values["event_id"]), found


def read(path: Path, mapped: Mapped, max_event_bytes: int) -> Iterator[Row | RefusedRow]:
    """Every row of the file in order. UsageError when the file cannot be read at all."""
    rows, typed = READERS[check_readable(path)]
    with opened(path) as stream:
        for number, pairs in rows(stream):
            yield _row(number, pairs, mapped, typed, max_event_bytes)


def _row(
    number: int, pairs: Pairs | Refusal, mapped: Mapped, typed: Typed, max_event_bytes: int
) -> Row | RefusedRow:
    try:
        if isinstance(pairs, Refusal):
            raise pairs
        named = [(name, typed(name, value)) for name, value in _renamed(pairs, mapped)]
        values = {name: value for name, value in named if value is not None}
        label = _label(values)
        transaction = decode(_encoded(named), max_event_bytes)
    except Refusal as refusal:
        return RefusedRow(number, refusal.code, str(refusal))
    return Row(number, transaction, label)


def _renamed(pairs: Pairs, mapped: Mapped) -> Pairs:
    """Columns under their fields' names. A column that is mapped gives way wherever it stood before."""
    wanted = {column: field for field, column in mapped.fields.items()}
    if mapped.label != "label":
        wanted[mapped.label] = "label"
    taken = set(wanted.values())
    return [(wanted.get(name, name), value) for name, value in pairs if name in wanted or name not in taken]


def _label(values: Mapping[str, Any]) -> Label | None:
    if "label" not in values:
        return None
    text = str(values["label"]).strip().lower()
    if text not in _FRAUD | _LEGIT:
        raise Refusal("bad_label", f"{text[:40]!r} is neither fraud (1, true) nor legit (0, false)")
    when, scenario = values.get("label_time"), values.get("scenario")
    try:
        time_ms = None if when is None else parse_time(when)
    except Refusal as refusal:
        raise Refusal("bad_label_time", refusal.detail) from None
    return Label(text in _FRAUD, time_ms, None if scenario is None else str(scenario))


def _encoded(pairs: Pairs) -> bytes:
    """The row as JSON without the columns that tell the truth about it; numbers as they were written."""
    members = (f"{json.dumps(name)}:{literal(value)}" for name, value in pairs if name not in LABEL_FIELDS)
    return f"{{{','.join(members)}}}".encode()
