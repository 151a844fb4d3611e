"""A user's own data, row by row: each is a transaction, with its label if it has one, or a refusal.

Amounts stay decimal text from the file to the wire, never a binary fraction on the way, except where the
file itself holds one (Parquet floats, read as their shortest decimal text).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files.amounts import Amounts
from fraudctl.files.csv_table import CsvTable
from fraudctl.files.fields import Convert, Fields
from fraudctl.files.json_objects import Found, Members, objects, without
from fraudctl.files.making import Label as Label
from fraudctl.files.making import Maker, label_of
from fraudctl.files.making import RefusedRow as RefusedRow
from fraudctl.files.making import Row as Row
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.parquet_table import ParquetTable
from fraudctl.files.sources import Paths, parts
from fraudctl.files.survey import Survey, survey
from fraudctl.files.times import Times
from pipeline.records.quantities import Refusal

PAYMENT_FIELDS = ("event_id", "user_id", "event_time", "amount")
LABEL_FIELDS = ("event_id", "label")


@dataclass(slots=True)
class Reading:
    """The rows of one or more files, each file looked at first. `notes` says afterwards what was done to
    them."""

    paths: Paths
    options: ReadOptions
    max_event_bytes: int
    used: frozenset[str] = frozenset()
    """further fields that rules read: a value that does not fit refuses the row"""
    surveys: list[Survey] = field(default_factory=list)
    _fields: list[Fields] = field(default_factory=list)
    _amounts: list[Amounts] = field(default_factory=list)
    _times: list[Times] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.surveys = [survey(path, self.options, PAYMENT_FIELDS) for path in parts(self.paths)]

    def said(self) -> str:
        """In one line, how the first file is read, and how many follow."""
        more = len(self.surveys) - 1
        return self.surveys[0].said() + (f"; and {more} more files" if more else "")

    def __iter__(self) -> Iterator[Row | RefusedRow]:
        """Every row in order, again at each call."""
        self._fields, self._amounts, self._times = [], [], []
        many, before = len(self.surveys) > 1, 0
        for one in self.surveys:
            number = 0
            for row in self._of(one):
                number = row.number
                yield _placed(row, one, before, self.options.id_from) if many else row
            before += number

    def notes(self) -> list[str]:
        """What was done to the rows that have been read: left out, rounded, taken as the first of two."""
        found = []
        if rounded := sum(one.rounded for one in self._amounts):
            found.append(f"{rounded} amounts rounded")
        if twice := sum(one.twice for one in self._times):
            found.append(f"{twice} times lay in an hour that came twice, the first is taken")
        left_out = {name: 0 for one in self._fields for name in one.left_out}
        for name in left_out:
            count = sum(one.left_out[name] for one in self._fields)
            found.append(f"{name} left out of {count} rows, where it is no text, number or truth value")
        return found

    def _of(self, one: Survey) -> Iterator[Row | RefusedRow]:
        maker = self._maker(one)
        if one.table is None:
            yield from _json_rows(one, maker)
            return
        row: Any
        if isinstance(one.table, CsvTable):
            row = maker.of_cells(one.hive)
        else:
            row = maker.of_values(one.hive, one.table.widest)
        for number, values in one.table.records():
            if isinstance(values, Refusal):
                yield RefusedRow(number, values.code, str(values))
            else:
                yield row(number, values)

    def _maker(self, one: Survey) -> Maker:
        amounts, times = Amounts(self.options), Times(self.options, one.unit)
        fields = Fields(self.options, amounts, times, self.used, one.kinds, one.whole)
        self._fields.append(fields)
        self._amounts.append(amounts)
        self._times.append(times)
        return Maker(one.columns, fields, amounts, times, self.max_event_bytes)


def read(
    paths: Paths, options: ReadOptions, max_event_bytes: int, used: frozenset[str] = frozenset()
) -> Iterator[Row | RefusedRow]:
    """Every row of the files in order. UsageError when a file cannot be read at all."""
    yield from Reading(paths, options, max_event_bytes, used)


def read_labels(path: Path, options: ReadOptions) -> Iterator[tuple[str | None, str, Label]]:
    """(user_id or None, event_id, label) of each row of a file of labels. UsageError at the first bad row.

    It has the columns event_id, the label, and optionally user_id and label_time.
    """
    for part in parts(path):
        one = survey(part, replace(options, id_from=None), LABEL_FIELDS)
        times = Times(options, one.unit)
        fields = Fields(options, Amounts(options), times, frozenset(), one.kinds, one.whole)
        for number, found in _named_values(one, fields):
            try:
                if isinstance(found, Refusal):
                    raise found
                label = label_of(found, times)
                if label is None or not found.get("event_id"):
                    raise Refusal("missing_field", f"event_id and {options.label} are needed")
            except Refusal as refusal:
                raise UsageError(f"{part.name} line {number}: {refusal}", code="bad_label") from None
            yield found.get("user_id"), found["event_id"], label


def _named_values(one: Survey, fields: Fields) -> Iterator[tuple[int, dict[str, Any] | Refusal]]:
    """The fields of a label in each row."""
    wanted = ("event_id", "user_id", "label", "label_time", "scenario")
    for number, found in _all_pairs(one):
        if isinstance(found, Refusal):
            yield number, found
            continue
        values: dict[str, Any] = {}
        try:
            for column, value in found:
                for name in one.columns.fields_of(column):
                    if name in wanted and value is not None and value != "":
                        convert = _conversion(fields, one, column, name)
                        values[name] = value if convert is None else convert(value)
        except Refusal as refusal:
            yield number, refusal
            continue
        yield number, values


def _conversion(fields: Fields, one: Survey, column: str, name: str) -> Convert | None:
    if isinstance(one.table, CsvTable):
        return fields.of_cell(column, name)
    return fields.of_value(column, name, isinstance(one.table, ParquetTable))


def _all_pairs(one: Survey) -> Iterator[tuple[int, list[tuple[str, Any]] | Refusal]]:
    if one.table is None:
        for number, found, _ in _objects(one):
            yield number, found
        return
    for number, values in one.table.records():
        if isinstance(values, Refusal):
            yield number, values
        else:
            yield number, list(zip(one.table.columns, values, strict=True))


def _json_rows(one: Survey, maker: Maker) -> Iterator[Row | RefusedRow]:
    for number, found, size in _objects(one):
        if isinstance(found, Refusal):
            yield RefusedRow(number, found.code, str(found))
        else:
            yield maker.pairs(number, found, size)


def _objects(one: Survey) -> Iterator[Found]:
    """The objects of a file of JSON, without the values that stand for nothing."""
    absent = one.columns.options.absent
    with opened(one.path) as stream:
        for number, found, size in objects(stream, one.columns.options.encoding):
            if absent and isinstance(found, Members):
                yield number, without(found, absent), size
            else:
                yield number, found, size


def _placed(row: Row | RefusedRow, one: Survey, before: int, id_from: str | None) -> Row | RefusedRow:
    """A row of one of several files: refusals name it, ids made of the row go on from the file before."""
    if isinstance(row, RefusedRow):
        return replace(row, file=str(one.path))
    if id_from == "row":
        return replace(row, transaction=replace(row.transaction, event_id=f"row-{before + row.number}"))
    return row
