"""Records of delimited text. A quote that does not end touches only the line it stands on.

A record may go over lines inside quotes. It does so only where all of it then has the cells of the heading
and none of the lines it would swallow looks like a row itself.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fraudctl.files.lines import LONGEST_BYTES, Piece
from pipeline.records.quantities import Refusal

_MOST_LINES = 1_000
"""A cell of more lines is a quote that does not end."""

_MOST_HEADING_LINES = 20
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
"""A quote with a backslash of its own, behind any that stand for themselves."""

Record = tuple[int, list[str] | Refusal, bytes]
"""The line it begins on, its cells without the blanks around them, or why there are none, and its bytes; of a
line that is too long the first of them, which are more than `LONGEST_BYTES`."""
_Line = tuple[int, str | Refusal, bytes]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are told apart. A `quote` of None is none at all."""

    delimiter: str
    quote: str | None = '"'


def cells_of(text: str, dialect: Dialect) -> list[str]:
    """The cells of one record. csv.Error where its quotes are not those of one."""
    if dialect.quote is None or dialect.quote not in text:
        return _plain_cells(text, dialect.delimiter)
    reader = csv.reader(
        [text], delimiter=dialect.delimiter, quotechar=dialect.quote, skipinitialspace=True, strict=True
    )
    return list(map(_unwrapped, next(reader)))


def first_record(texts: Sequence[str], dialect: Dialect) -> tuple[list[str], int]:
    """The cells of the record that begins with the first of these lines, and how many of them it takes. A
    line end within a cell is a blank. csv.Error where its quotes are not those of one."""
    for count in range(1, _MOST_HEADING_LINES):
        try:
            cells = cells_of("\n".join(texts[:count]), dialect)
        except csv.Error as error:
            if count < len(texts) and _goes_on(error):
                continue
            raise
        return [" ".join(cell.split()) if "\n" in cell else cell for cell in cells], count
    raise csv.Error("a quote that does not end")


class Records:
    """The records below a heading, in order; every line is part of one of them or of a refusal. The `heading`
    again is refused. Of files one behind the other each may begin with a mark of its own."""

    def __init__(
        self, lines: Iterator[Piece], dialect: Dialect, columns: int, heading: list[str] | None = None
    ) -> None:
        self._lines, self._dialect, self._columns = lines, dialect, columns
        self._heading = heading
        self._ahead: deque[_Line] = deque()
        self._taken: list[_Line] = []
        """the further lines of the record in hand"""

    def __iter__(self) -> Iterator[Record]:
        quote, delimiter, columns = self._dialect.quote or "\0", self._dialect.delimiter, self._columns
        heading = self._heading
        while (line := self._next()) is not None:
            number, text, raw = line
            if isinstance(text, Refusal):
                yield number, text, raw
            elif quote in text:
                self._taken = []
                found = self._quoted(text)
                raw = b"\n".join([raw, *(taken for _, _, taken in self._taken)]) if self._taken else raw
                yield number, _repeated() if found == heading else found, raw
            elif text and not text.isspace():
                cells = _plain_cells(text, delimiter)
                if len(cells) != columns:
                    yield number, self._fitted(cells), raw
                else:
                    yield number, _repeated() if cells == heading else cells, raw

    def _next(self) -> _Line | None:
        """The next line as text, or why it is none, and its bytes; None at the end."""
        if self._ahead:
            return self._ahead.popleft()
        piece = next(self._lines, None)
        if piece is None:
            return None
        number, line, _, whole = piece
        if not whole:
            return number, Refusal("too_large", f"a line of {self._rest_of(line)} bytes"), line
        if b"\0" in line:
            return number, Refusal("bad_string", f"a zero byte: {line[:60]!r}"), line
        try:
            return number, line.removeprefix(codecs.BOM_UTF8).decode(), line
        except UnicodeDecodeError as error:
            return number, Refusal("invalid_utf8", f"{_shown(line, error.start)}; see --encoding"), line

    def _rest_of(self, line: bytes) -> int:
        length = len(line)
        for _, part, _, whole in self._lines:
            length += len(part)
            if whole:
                break
        return length

    def _quoted(self, text: str) -> list[str] | Refusal:
        try:
            cells = cells_of(text, self._dialect)
        except csv.Error as error:
            if (escaped := self._escaped(text)) is not None:
                return escaped
            if not _goes_on(error) and not _ESCAPED.search(text):
                return Refusal("invalid_csv", f"{error}: {text[:60]!r}")
        else:
            if len(cells) == self._columns:
                return cells
            return self._escaped(text) or self._escaped_over_lines(text) or self._fitted(cells)
        what = f"a quote that does not end: {text[:60]!r}"
        return self._over_lines(text, str) or self._over_lines(text, _doubled) or Refusal("invalid_csv", what)

    def _over_lines(self, first: str, as_doubled: Callable[[str], str]) -> list[str] | None:
        """The cells of a record that goes on below; None, with the lines still to come, where none does."""
        taken: list[_Line] = []
        cells = self._joined(first, taken, as_doubled)
        if cells is None:
            self._ahead.extendleft(reversed(taken))
        else:
            self._taken = taken
        return cells

    def _joined(self, first: str, taken: list[_Line], as_doubled: Callable[[str], str]) -> list[str] | None:
        first = as_doubled(first)
        parts, held, quote = [first], len(first), self._dialect.quote or "\0"
        quotes = first.count(quote)
        looks_like_row = self._counted(first) == self._columns
        while len(taken) < _MOST_LINES and held < LONGEST_BYTES and (line := self._next()) is not None:
            taken.append(line)
            text = line[1]
            if isinstance(text, Refusal):
                return None
            text = as_doubled(text)
            parts.append(text)
            held += len(text)
            quotes += text.count(quote)
            is_row = self._columns > 1 and self._counted(text) == self._columns
            if is_row and quote not in text:
                return None
            if quotes % 2:
                continue
            try:
                cells = cells_of("\n".join(parts), self._dialect)
            except csv.Error as error:
                if not _goes_on(error):
                    return None
                continue
            return None if len(cells) != self._columns or (is_row and looks_like_row) else cells
        return None

    def _counted(self, text: str) -> int:
        return text.count(self._dialect.delimiter) + 1

    def _escaped(self, text: str) -> list[str] | None:
        """The cells of a line whose quotes within cells have a backslash before them, as Spark writes them;
        None where that does not give as many as there are columns."""
        doubled = _doubled(text)
        if self._dialect.quote != '"' or doubled == text:
            return None
        try:
            cells = cells_of(doubled, self._dialect)
        except csv.Error:
            return None
        return cells if len(cells) == self._columns else None

    def _escaped_over_lines(self, text: str) -> list[str] | None:
        """The same of a record that goes on below: such a quote may look as if it ended the cell."""
        return self._over_lines(text, _doubled) if _ESCAPED.search(text) else None

    def _fitted(self, cells: list[str]) -> list[str] | Refusal:
        """As many cells as there are columns: some programs end rows with a delimiter, not the heading."""
        most = self._columns
        return cells[:most] if len(cells) >= most and not any(cells[most:]) else self._wrong_count(cells)

    def _wrong_count(self, cells: list[str]) -> Refusal:
        shown = self._dialect.delimiter.join(cells)[:60]
        return Refusal("invalid_csv", f"{len(cells)} cells under {self._columns} columns: {shown!r}")


def _plain_cells(text: str, delimiter: str) -> list[str]:
    """The cells of a line without quotes. Most lines have no blanks to look for around each cell."""
    if text.isascii() and " " not in text and "\t" not in text:
        return text.strip("\r").split(delimiter)
    return [cell.strip() for cell in text.split(delimiter)]


def _unwrapped(cell: str) -> str:
    """A cell without the blanks around it; `="007"` is how a text is kept from becoming a number in Excel."""
    bare = cell.strip()
    return bare[2:-1] if len(bare) > 2 and bare.startswith('="') and bare.endswith('"') else bare


def _doubled(text: str) -> str:
    """The text with two quotes for each that has a backslash before it."""
    return _ESCAPED.sub(lambda found: found[1].replace("\\\\", "\\") + '""', text)


def _repeated() -> Refusal:
    """Of files one behind the other each has its heading; as a row it would say of what kind columns are."""
    return Refusal("repeated_heading", "the heading once more")


def _goes_on(error: csv.Error) -> bool:
    return "unexpected end of data" in str(error)


def _shown(line: bytes, at: int) -> str:
    return f"byte {at} of {line[:60]!r}"
