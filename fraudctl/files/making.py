"""One row made of its values: a transaction with its label, or a refusal with the first reason found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fraudctl.files.amounts import Amounts
from fraudctl.files.columns import Columns, walk
from fraudctl.files.fields import Convert, Fields
from fraudctl.files.json_objects import Members
from fraudctl.files.parquet_table import plain
from fraudctl.files.times import Times
from fraudctl.files.truths import Label, Values, label_of
from pipeline.records.events import Transaction, encode
from pipeline.records.identity import is_extended
from pipeline.records.ids import IdLimits, is_id
from pipeline.records.quantities import Refusal
from pipeline.records.spelling import AS_SENT, spelt
from pipeline.records.wire import shown

_WIDEST = 6
"""Bytes of JSON that one character of a field may take."""
_MOST_NAMES = 10_000
"""Of fields whose kind is remembered: objects of JSON may have others in every row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is a transaction. `number` counts from 1 (in CSV the heading is line 1, the first row
    2)."""

    number: int
    transaction: Transaction
    label: Label | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that is none, with the code and the detail of the first reason found. `file` is its part of a
    folder, None for a file by itself; `raw` is the row as it stands there, in UTF-8."""

    number: int
    code: str
    reason: str
    file: str | None = None
    raw: bytes | None = None

    def as_document(self) -> dict[str, str | int]:
        """The refusal in reports and JSON."""
        found: dict[str, str | int] = {"line": self.number, "code": self.code, "reason": self.reason}
        return found if self.file is None else {"file": self.file, **found}


class Maker:
    """Makes rows of one file that comes `before` lines of others. `of_cells` and `of_values` take a row's
    values, `pairs` an object's members."""

    def __init__(
        self,
        columns: Columns,
        fields: Fields,
        amounts: Amounts,
        times: Times,
        max_event_bytes: int,
        ids: IdLimits,
        before: int = 0,
    ) -> None:
        self._columns, self._fields, self._options = columns, fields, columns.options
        self._before, self._line, self._on_line = before, 0, 0
        self._names_rows = "row" in (self._options.id_from, self._options.user_from)
        self._amounts, self._times, self._most, self._ids = amounts, times, max_event_bytes, ids
        self._joined = columns.joined()
        self._paths = columns.paths()
        self._pair = columns.pair()
        self._may_be_blank = False
        self._steps: dict[str, list[tuple[str, Convert]]] = {}
        self._is_id = _IsId()
        self._id_fields: list[str] | None = None

    def of_cells(self, hive: dict[str, str]) -> Callable[[int, list[str]], Row | RefusedRow]:
        """For the rows of a CSV table."""
        names, fields = self._columns.names, self._fields
        plan = [
            (index, field, fields.of_cell(column, field))
            for index, column in enumerate(names)
            for field in self._columns.fields_of(column)
        ]
        self._id_fields = [field for _, field, _ in plan if is_id(field)]
        tail = list(hive.values())
        joined = [names.index(column) for column in self._joined]
        pair, both = self._pair, [] if self._pair is None else list(map(names.index, self._pair.columns))

        def row(number: int, cells: list[str]) -> Row | RefusedRow:
            values: Values = {}
            if tail:
                cells = cells + tail
            try:
                for index, field, convert in plan:
                    if cell := cells[index]:
                        values[field] = cell if convert is None else convert(cell)
                if joined:
                    values["event_time"] = self._times.ms(" ".join(cells[index] for index in joined).strip())
                if pair is not None:
                    values["amount"] = pair.units(*(self._amount_in(cells[index]) for index in both))
                return self._finished(number, values, cells, sum(map(len, cells)))
            except Refusal as refusal:
                return RefusedRow(number, refusal.code, str(refusal))

        return row

    def of_values(
        self, hive: dict[str, str], widest: list[int]
    ) -> Callable[[int, list[Any]], Row | RefusedRow]:
        """For the rows of a table whose values have types; `widest` holds a bound of the texts of a row."""
        names, tail = self._columns.names, [value or None for value in hive.values()]
        plan = [
            (index, field, convert)
            for index, column in enumerate(names)
            for field, convert in self._steps_of(column, True)
        ]
        self._id_fields = [
            field for field in (*(field for _, field, _ in plan), *self._paths) if is_id(field)
        ]
        elsewhere = bool(self._paths or self._joined or self._pair)
        self._may_be_blank = True

        def row(number: int, cells: list[Any]) -> Row | RefusedRow:
            values: Values = {}
            if tail:
                cells = cells + tail
            try:
                for index, field, convert in plan:
                    if (value := cells[index]) is not None:
                        values[field] = convert(value)
                if elsewhere:
                    self._from_elsewhere(list(zip(names, cells, strict=True)), values, True)
                return self._finished(number, values, cells, widest[0] + _taken(values, self._paths))
            except Refusal as refusal:
                return RefusedRow(number, refusal.code, str(refusal))

        return row

    def pairs(self, number: int, members: Sequence[tuple[str, Any]], size: int) -> Row | RefusedRow:
        """For an object's members of `size` bytes."""
        values: Values = {}
        steps, self._may_be_blank = self._steps, True
        try:
            for name, value in members:
                if value is None:
                    continue
                found = steps.get(name)
                if found is None:
                    found = steps[name] = self._steps_of(name, False)
                for field, convert in found:
                    if field in values:
                        raise Refusal("duplicate_field", field)
                    values[field] = convert(value)
            if self._paths or self._joined or self._pair:
                self._from_elsewhere(members, values, False)
            return self._finished(number, values, members, size)
        except Refusal as refusal:
            return RefusedRow(number, refusal.code, str(refusal))

    def _steps_of(self, name: str, ids_may_be_numbers: bool) -> list[tuple[str, Convert]]:
        return [
            (field, self._fields.of_value(name, field, ids_may_be_numbers))
            for field in self._columns.fields_of(name)
        ]

    def _from_elsewhere(
        self, members: Sequence[tuple[str, Any]], values: Values, ids_may_be_numbers: bool
    ) -> None:
        """Fields from nested objects and from several columns."""
        own = Members(members)
        for field, path in self._paths.items():
            value = walk(own, path, is_once=True)
            if value is not None:
                convert = self._fields.of_value(".".join(path), field, ids_may_be_numbers)
                values[field] = convert(value if isinstance(value, str) else plain(value))
        if self._joined:
            parts = (walk(own, (column,), is_once=True) for column in self._joined)
            values["event_time"] = self._times.ms(" ".join(str(one) for one in parts if one is not None))
        if self._pair is not None:
            values["amount"] = self._pair.units(*(self._amount_at(own, name) for name in self._pair.columns))

    def _amount_in(self, cell: str) -> int | None:
        return self._amounts.of_text(cell) if cell else None

    def _amount_at(self, members: Members, column: str) -> int | None:
        value = plain(self._columns.only_value_at(members, column))
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        units: int = self._fields.of_value(column, "amount", True)(value)
        return units

    def _finished(self, number: int, values: Values, whole: Sequence[Any], size: int) -> Row:
        label = None
        if "label" in values or "label_time" in values or "scenario" in values:
            label = label_of(values, self._times)
        if self._names_rows:
            self._name(number, values)
        if self._options.id_from == "hash":
            values["event_id"] = _hash_of(whole)
        self._check_ids(values)
        event_id, user_id = values.pop("event_id", None), values.pop("user_id", None)
        if isinstance(event_id, str) and is_extended(event_id):
            raise Refusal("reserved_id", "event_id")
        event_time, units = values.pop("event_time", None), values.pop("amount", None)
        if not (event_id and user_id) or event_time is None or units is None:
            raise _lacking(event_id, user_id, event_time, units)
        if self._options.minor_units or self._options.currency:
            units = self._in_major(units, values)
        if "ip" in values:
            _spell_address(values)
        if self._may_be_blank or self._fields.left_out:
            values = {name: value for name, value in values.items() if value is not None}
        transaction = Transaction(event_id, user_id, event_time, units, values)
        if size * _WIDEST + 1_000 > self._most and (length := len(encode(transaction))) > self._most:
            what = f"{length} bytes, at most {self._most}; --keep and --drop leave columns out"
            raise Refusal("too_large", what)
        return Row(number, transaction, label)

    def _check_ids(self, values: Values) -> None:
        limits, names = self._ids, self._id_fields
        if names is None:
            names = [name for name in values if self._is_id[name]]
        for name in names:
            value = values.get(name)
            if type(value) is str and not limits.are_met_by(value):
                limits.check(shown(name), value)

    def _in_major(self, units: int, values: Values) -> int:
        if self._options.currency and "currency" not in values:
            values["currency"] = self._options.currency.upper()
        return self._amounts.major(units, values.get("currency"))

    def _name(self, number: int, values: Values) -> None:
        """The id or the user of a row by its line, and by its place on it where others stand there too."""
        self._on_line = self._on_line + 1 if number == self._line else 1
        self._line = number
        place = f".{self._on_line}" if self._on_line > 1 else ""
        name = f"row-{self._before + number}{place}"
        if self._options.id_from == "row":
            values["event_id"] = name
        if self._options.user_from is not None and not values.get("user_id"):
            values["user_id"] = name


def _hash_of(whole: Sequence[Any]) -> str:
    text = repr(list(whole)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _taken(values: Values, fields: Iterable[str]) -> int:
    """The length of texts that were taken out of others."""
    return sum(len(value) for name in fields if isinstance(value := values.get(name), str))


class _IsId(dict[str, bool]):
    """Whether a field of a name is an id; a file has few names, and each row has them again."""

    def __missing__(self, name: str) -> bool:
        found = is_id(name)
        if len(self) < _MOST_NAMES:
            self[name] = found
        return found


def _spell_address(values: Values) -> None:
    sent = values["ip"]
    values["ip"] = found = spelt("ip", sent)
    if found is not None and found != sent:
        values.setdefault(AS_SENT, sent)


def _lacking(event_id: Any, user_id: Any, event_time: Any, units: Any) -> Refusal:
    pairs = (("event_id", event_id), ("user_id", user_id), ("event_time", event_time), ("amount", units))
    name = next(name for name, value in pairs if value is None or value == "")
    is_empty = dict(pairs)[name] == ""
    return Refusal("empty_id" if is_empty else "missing_field", name)
