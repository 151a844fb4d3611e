"""Delimited text: where its heading is, how its cells are told apart, and its rows."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fraudctl.errors import UsageError
from fraudctl.files.columns import told_apart
from fraudctl.files.csv_records import Dialect, Record, Records, cells_of, first_record
from fraudctl.files.lines import Piece, first, pieces
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened

_CANDIDATES = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
_SAMPLE_LINES = 200
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A delimited file whose heading was found."""

    path: Path
    encoding: str
    dialect: Dialect
    columns: list[str]
    heading: list[str]
    """the same as they stand there: several may share a name"""
    heading_line: int
    heading_end: int
    """the last of its lines: a name may go over several"""
    later: dict[int, list[str]]
    """cells of the next lines, to find a heading among them when this is none"""
    absent: frozenset[str] = frozenset()
    """words that stand for an empty cell"""

    def records(self) -> Iterator[Record]:
        """The rows in order, by the line each begins on."""
        with opened(self.path) as stream:
            lines = pieces(stream, self.encoding)[1]
            deque(self._head_of(lines), maxlen=0)
            found = Records(lines, self.dialect, len(self.heading), self.heading)
            yield from self._without_absent(found) if self.absent else found

    def head(self) -> Iterator[Piece]:
        """All that stands in the file down to the end of its heading."""
        with opened(self.path) as stream:
            yield from self._head_of(pieces(stream, self.encoding)[1])

    def _head_of(self, lines: Iterator[Piece]) -> Iterator[Piece]:
        for piece in lines:
            yield piece
            if piece[0] == self.heading_end and piece[3]:
                return

    def _without_absent(self, found: Iterable[Record]) -> Iterator[Record]:
        absent = self.absent
        for number, cells, raw in found:
            if isinstance(cells, list):
                yield number, ["" if cell in absent else cell for cell in cells], raw
            else:
                yield number, cells, raw

    def said(self) -> str:
        """How it is read."""
        parts = ["CSV", f"delimiter {_CANDIDATES.get(self.dialect.delimiter, repr(self.dialect.delimiter))}"]
        if self.encoding != "utf-8":
            parts.insert(1, self.encoding)
        if self.heading_line != 1:
            parts.append(f"heading on line {self.heading_line}")
        return ", ".join(parts)


def csv_table(path: Path, options: ReadOptions) -> CsvTable:
    """The file by its first lines. UsageError when its heading or delimiter cannot be told."""
    with opened(path) as stream:
        encoding, lines = pieces(stream, options.encoding)
        sample = first(lines, _SAMPLE_LINES + options.skip_lines)
    texts = _texts(path, sample, options)
    given = options.delimiter
    if texts and (sep := _SEP_LINE.fullmatch(texts[0][1])):
        given = given or sep[1]
        texts = texts[1:]
    if not texts:
        raise UsageError(
            f"{path.name} has no heading", hint="its first line names the columns", code="no_heading"
        )
    delimiter = given or _delimiter(path, [text for _, text in texts])
    dialect = Dialect(delimiter, None if options.quote == "none" else options.quote)
    cells, count = _heading(path, texts, dialect)
    number, end = texts[0][0], texts[count - 1][0]
    columns = told_apart(cells, options)
    return CsvTable(
        path, encoding, dialect, columns, cells, number, end, _later(texts[count:], dialect), options.absent
    )


def _texts(path: Path, sample: list[Piece], options: ReadOptions) -> list[tuple[int, str]]:
    """The first lines with something on them; the very first must be text."""
    found: list[tuple[int, str]] = []
    for number, line, _, whole in sample:
        if number <= options.skip_lines or not line.strip():
            continue
        try:
            if not whole or b"\0" in line:
                raise ValueError("not text")
            found.append((number, line.strip(b"\r").decode()))
        except ValueError:
            if not found:
                encoding = options.encoding or "utf-8"
                raise UsageError(
                    f"{path.name} line {number} is no heading in {encoding}: {line[:40]!r}",
                    hint="name its encoding, such as --encoding cp1252 or utf-16, or its --format",
                    code="no_heading",
                ) from None
    return found


def _delimiter(path: Path, texts: list[str]) -> str:
    """The one candidate that parts the heading, or the one that parts the rows into as many cells."""
    bare = [_QUOTED.sub("", text) for text in texts]
    found = [mark for mark in _CANDIDATES if mark in bare[0]]
    if len(found) > 1:
        rows = bare[1:] or bare
        shares = {mark: sum(row.count(mark) == bare[0].count(mark) for row in rows) for mark in found}
        found = [mark for mark, share in shares.items() if share * 2 > len(rows)]
    if len(found) > 1 or (not found and any(mark in bare[0] for mark in _CANDIDATES)):
        marks = [name for mark, name in _CANDIDATES.items() if mark in bare[0]]
        raise UsageError(
            f"{path.name}: the heading can be parted by {' and '.join(marks)}",
            hint="say which with --delimiter ';' (or ',' or tab)",
            code="ambiguous_delimiter",
        )
    return found[0] if found else ","


def _heading(path: Path, texts: list[tuple[int, str]], dialect: Dialect) -> tuple[list[str], int]:
    """The names, and how many lines they take."""
    try:
        return first_record([text for _, text in texts], dialect)
    except csv.Error as error:
        number, heading = texts[0]
        raise UsageError(
            f"{path.name} line {number} is no heading: {error}: {heading[:60]!r}",
            hint="mend the quotes in the heading, or say --quote none",
            code="no_heading",
        ) from None


def _later(texts: list[tuple[int, str]], dialect: Dialect) -> dict[int, list[str]]:
    found = {}
    for number, text in islice(texts, 20):
        try:
            found[number] = cells_of(text, dialect)
        except csv.Error:
            continue
    return found
