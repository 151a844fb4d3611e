"""The kind of each column of a CSV file: one for the whole column, from all of its cells.

A column is numbers when every cell is plainly one (no leading zero, no exponent as ids have it, at most 15
digits before the point), truth values when every cell is true or false in any case, else text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from fraudctl.files.amounts import may_be_thousands
from fraudctl.files.csv_records import Record
from fraudctl.files.nothing import words_among

_BATCH = 4_096
_PLAIN = r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE]-[0-9]+)?"
_PLAIN_COMMA = r"-?(?:(?:0|[1-9][0-9]{0,14})(?:,[0-9]+)?|[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?)"
_NUMBERS = {
    None: re.compile(rf"(?:(?:{_PLAIN})?+\n)*+"),
    ".": re.compile(rf"(?:(?:{_PLAIN})?+\n)*+"),
    ",": re.compile(rf"(?:(?:{_PLAIN_COMMA})?+\n)*+"),
}
_TRUTHS = re.compile(r"(?:(?:true|false)?+\n)*+", re.IGNORECASE)
POWER = r"-?[1-9](?:\.[0-9]+[eE]\+?[0-9]{1,2}|[eE]\+[0-9]{2})"
"""A double as programs write large ones: 4.2E+15, 1e+05, and Java 1.2345678E7; but not codes such as 12e5."""
_WHOLE = rf"{POWER}|-?(?:0|[1-9][0-9]*)(?:\.0+)?"
_WHOLES = re.compile(rf"(?:(?:{_WHOLE})?+\n)*+")
_EPOCHS = re.compile(r"(?:(?:-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE]\+?[0-9]{1,2})?)?+\n)*+")
THOUSANDS = re.compile(r",|[0-9]\.[0-9]{3}\.[0-9]{3}")
"""What an amount has that says something of its decimal sign: a comma, or more than one point."""
_MOST_UNITS = 10_000
_MOST_CURRENCIES = 1_000

_Row = tuple[int, list[str]]

_T = TypeVar("_T")


@dataclass(slots=True)
class Seen:
    """What all cells of a column so far have in common. Without any cell it could still be everything."""

    number: bool = True
    truth: bool = True
    whole: bool = True
    filled: bool = False
    thousands: tuple[int, str] | None = None
    """line and cell of the first amount with a comma, or with more than one point"""
    grouped: tuple[int, str] | None = None
    """line and cell of the first amount whose point may part thousands"""
    has_decimals: bool = False
    """whether the point of any amount parts decimals"""
    currencies: set[str] = field(default_factory=set)
    nothing: Counter[str] = field(default_factory=Counter)
    """words for nothing that a column of keys holds"""
    epochs: set[str] = field(default_factory=set)
    """numbers of a column of times, one of each length, first two digits and exponent"""

    @property
    def kind(self) -> str:
        """number, bool or text."""
        if not self.filled:
            return "text"
        return "number" if self.number else "bool" if self.truth else "text"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns are looked at for what."""

    kinds: frozenset[int]
    ids: frozenset[int]
    amounts: frozenset[int]
    times: frozenset[int]
    keys: frozenset[int]
    currencies: frozenset[int]
    decimal: str | None
    required: frozenset[int] = frozenset()
    """rows that have nothing there are refused, and do not count"""


def scan(records: Iterable[Record], wanted: Wanted) -> tuple[dict[int, Seen], int]:
    """What the cells of each wanted column have in common, and how many rows count: not those that are
    refused anyway."""
    some = wanted.kinds | wanted.ids | wanted.amounts | wanted.times | wanted.keys | wanted.currencies
    seen, rows = {index: Seen() for index in some}, 0
    good = ((number, cells) for number, cells, _ in records if isinstance(cells, list))
    for group in _batches(good, _BATCH):
        batch, columns = _with_all(group, wanted.required)
        rows += len(batch)
        for index, known in seen.items() if batch else ():
            _look(known, columns[index], index, wanted)
            if index in wanted.amounts and known.thousands is None:
                known.thousands = _first_thousands(batch, index, columns[index])
            if index in wanted.amounts and not known.has_decimals:
                _look_at_points(known, batch, index, columns[index])
    return seen, rows


def _look(known: Seen, column: tuple[str, ...], index: int, wanted: Wanted) -> None:
    distinct = dict.fromkeys(column)
    cells = list(distinct)
    if index in wanted.keys:
        known.nothing += words_among(column, distinct)
    if index in wanted.currencies and len(known.currencies) < _MOST_CURRENCIES:
        known.currencies |= distinct.keys()
    joined = "\n".join(cells) + "\n"
    single = joined.count("\n") == len(cells)
    known.filled = known.filled or len(joined) > len(cells)
    if index in wanted.kinds:
        known.number = known.number and single and bool(_NUMBERS[wanted.decimal].fullmatch(joined))
        known.truth = known.truth and not known.number and bool(_TRUTHS.fullmatch(joined))
    if index in wanted.ids and known.whole:
        known.whole = single and bool(_WHOLES.fullmatch(joined))
    if index in wanted.times and len(known.epochs) < _MOST_UNITS:
        known.epochs |= set(_epochs(cells))


def _epochs(cells: list[str]) -> Iterator[str]:
    parts = ((cell, cell.lower().partition("e")) for cell in cells if cell[:1].isdigit())
    lengths = {(len(number.partition(".")[0]), cell[:2], power): cell for cell, (number, _, power) in parts}
    yield from (cell for cell in lengths.values() if _EPOCHS.fullmatch(f"{cell}\n"))


def _first_thousands(batch: list[_Row], index: int, column: tuple[str, ...]) -> tuple[int, str] | None:
    if not THOUSANDS.search("\n".join(column)):
        return None
    return next((number, cells[index]) for number, cells in batch if THOUSANDS.search(cells[index]))


def _look_at_points(known: Seen, batch: list[_Row], index: int, column: tuple[str, ...]) -> None:
    """Whether any point parts decimals; else the first that may part thousands."""
    pointed = [cell for cell in dict.fromkeys(column) if "." in cell]
    known.has_decimals = not all(map(may_be_thousands, pointed))
    if pointed and known.grouped is None:
        known.grouped = next((number, cells[index]) for number, cells in batch if "." in cells[index])


def _with_all(rows: list[_Row], required: frozenset[int]) -> tuple[list[_Row], list[tuple[str, ...]]]:
    """The rows that have something in all of these columns, and the columns of all."""
    columns = _columns(rows)
    if any("" in columns[index] for index in required):
        rows = [row for row in rows if all(row[1][index] for index in required)]
        columns = _columns(rows)
    return rows, columns


def _columns(rows: list[_Row]) -> list[tuple[str, ...]]:
    return list(zip(*(cells for _, cells in rows), strict=True))


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
