"""A user's own data, row by row: each is a transaction, with its label if it has one, or a refusal.

Amounts stay decimal text from the file to the wire, never a binary fraction on the way, except where the
file itself holds one (Parquet floats, read as their shortest decimal text).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fraudctl.files import nothing, to_mend
from fraudctl.files.amounts import Amounts
from fraudctl.files.csv_table import CsvTable
from fraudctl.files.fields import Fields
from fraudctl.files.json_objects import Found, Members, objects, with_columns, without
from fraudctl.files.making import Maker
from fraudctl.files.making import RefusedRow as RefusedRow
from fraudctl.files.making import Row as Row
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.sources import Paths
from fraudctl.files.survey import Survey, surveys
from fraudctl.files.times import Times
from fraudctl.files.truths import Label as Label
from pipeline.records.ids import IDS, IdLimits
from pipeline.records.quantities import Refusal, format_time

_EVER_MS = 1 << 62
PAYMENT_FIELDS = ("event_id", "user_id", "event_time", "amount")


@dataclass(slots=True)
class Reading:
    """The rows of one or more files, each file looked at first. `notes` says afterwards what was done to
    them."""

    paths: Paths
    options: ReadOptions
    max_event_bytes: int
    used: frozenset[str] = frozenset()
    """further fields that rules read: a value that does not fit refuses the row"""
    until_ms: int | None = None
    """rows of a later time are refused (`future_time`); None takes them all"""
    ids: IdLimits = IDS
    elsewhere: frozenset[str] = frozenset()
    """fields whose column may be in another file"""
    surveys: list[Survey] = field(default_factory=list)
    _fields: list[Fields] = field(default_factory=list)
    _amounts: list[Amounts] = field(default_factory=list)
    _times: list[Times] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.surveys = surveys(self.paths, self.options, PAYMENT_FIELDS, self.elsewhere)

    def said(self) -> str:
        """In one line, how the first file is read, and how many follow."""
        more = len(self.surveys) - 1
        return self.surveys[0].said() + (f"; and {more} more files" if more else "")

    def __iter__(self) -> Iterator[Row | RefusedRow]:
        """Every row in order, again at each call."""
        self.begin()
        before = 0
        for one in self.surveys:
            number = 0
            for row in self.of_file(one, before):
                number = row.number
                yield row
            before += number

    def begin(self) -> None:
        """Nothing has been done to any row yet."""
        self._fields, self._amounts, self._times = [], [], []

    def of_file(self, one: Survey, before: int = 0) -> Iterator[Row | RefusedRow]:
        """The rows of one of the files, behind so many of others."""
        maker = self.maker(one, before)
        if one.table is None:
            yield from self.of_objects(json_objects(one), maker, one)
            return
        row: Any
        if isinstance(one.table, CsvTable):
            row = maker.of_cells(one.hive)
        else:
            row = maker.of_values(one.hive, one.table.widest)
        until_ms = _EVER_MS if self.until_ms is None else self.until_ms
        for number, values, line in one.table.records():
            if isinstance(values, Refusal):
                made = RefusedRow(number, values.code, str(values))
            else:
                made = row(number, values)
            if isinstance(made, Row) and made.transaction.event_time_ms <= until_ms:
                yield made
            else:
                yield self._refused(made, one, to_mend.as_json(one, values) if line is None else line)

    def of_objects(
        self, found_objects: Iterable[Found], maker: Maker, one: Survey
    ) -> Iterator[Row | RefusedRow]:
        """A row of each object of one of the files, which holds JSON."""
        until_ms = _EVER_MS if self.until_ms is None else self.until_ms
        for number, found, raw in found_objects:
            if isinstance(found, Refusal):
                yield self._refused(RefusedRow(number, found.code, str(found)), one, raw)
                continue
            made = maker.pairs(number, found, len(raw))
            if isinstance(made, Row) and made.transaction.event_time_ms <= until_ms:
                yield made
            else:
                yield self._refused(made, one, raw)

    def _refused(self, made: Row | RefusedRow, one: Survey, raw: bytes) -> RefusedRow:
        """What is no row, or a row that is too late, as one of all files: it says of which."""
        if isinstance(made, Row):
            made = _later(made)
        return replace(made, file=str(one.path) if len(self.surveys) > 1 else None, raw=raw)

    def notes(self) -> list[str]:
        """What was done to the rows that have been read: left out, rounded, taken as the first of two."""
        found = []
        if rounded := sum(one.rounded for one in self._amounts):
            found.append(f"{rounded} amounts rounded")
        if twice := sum(one.twice for one in self._times):
            found.append(f"{twice} times lay in an hour that came twice, the first is taken")
        if days := sum(one.days for one in self._times):
            found.append(f"{days} labels are dated by the day, and known from its end on")
        if unknown := sum(one.countries.unknown for one in self._fields):
            found.append(f"{unknown} countries are none of ISO 3166, and stay as they are written")
        left_out = {name: 0 for one in self._fields for name in one.left_out}
        for name in left_out:
            count = sum(one.left_out[name] for one in self._fields)
            found.append(f"{name} left out of {count} rows, where it is no text, number or truth value")
        held = sum((one.nothing for one in self.surveys), nothing.Nothings())
        return [*found, *nothing.notes(held, sum(one.looked_at for one in self.surveys))]

    def maker(self, one: Survey, before: int = 0) -> Maker:
        """Makes rows of what one of the files holds, behind so many of others; what it does to them is in
        the notes."""
        amounts, times = Amounts(self.options), Times(self.options, one.unit)
        fields = Fields(self.options, amounts, times, self.used, one.kinds, one.whole)
        self._fields.append(fields)
        self._amounts.append(amounts)
        self._times.append(times)
        return Maker(one.columns, fields, amounts, times, self.max_event_bytes, self.ids, before)


def json_objects(one: Survey) -> Iterator[Found]:
    """The objects of a file of JSON, without the values that stand for nothing."""
    options = one.columns.options
    absent, hive = options.absent, one.hive
    with opened(one.path) as stream:
        for number, found, raw in objects(stream, options.encoding, options.records):
            if (absent or hive) and isinstance(found, Members):
                yield number, with_columns(without(found, absent), hive), raw
            else:
                yield number, found, raw


def _later(row: Row) -> RefusedRow:
    at = format_time(row.transaction.event_time_ms)
    return RefusedRow(row.number, "future_time", f"future_time: {at} is later than now (--future takes it)")
