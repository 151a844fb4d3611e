"""Where the heading of delimited text is, and how it is parted."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraudctl.files.csv_records import Dialect, first_record
from fraudctl.files.lines import first, pieces
from fraudctl.files.packing import opened

_MARKS = ",;\t|^~\x01"
_LINES = 200
_QUOTED = re.compile(r'"[^"]*"')
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_Line = tuple[int, list[str]]
_DATA = re.compile(r"[-+]?[$€£]?[0-9][0-9.,:/ TZ+-]*")


@dataclass(frozen=True, slots=True)
class Heading:
    """The lines before it, what parts its cells (None: as the reader finds), and what is wrong with it: that
    it has no names, or fewer than rows have cells."""

    skip_lines: int
    delimiter: str | None
    wrong: str | None = None


def heading_of(path: Path, encoding: str | None, delimiter: str | None) -> Heading:
    """The first line that is parted into as many named cells as most lines are."""
    lines = list(_lines(path, encoding))
    if lines and _SEP_LINE.fullmatch(lines[0][1].strip()):
        return Heading(0, None)
    texts = [text for _, text in lines]
    mark = delimiter or _likeliest(texts)
    if mark is None:
        return Heading(0, None)
    rows = [(number, _cells(texts[index:], mark)) for index, (number, _) in enumerate(lines)]
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1).most_common(1)
    number, wrong = _found(rows, widths[0][0] if widths else 0)
    return Heading(number - 1 if number > lines[0][0] else 0, mark, wrong)


def _found(rows: list[_Line], width: int) -> tuple[int, str | None]:
    """The line of the heading of rows of so many cells, 0 without one, and what is wrong with it."""
    full = [one for one in rows if len(one[1]) == width]
    most = max(1, width // 3)
    number, cells = next((one for one in full if sum(not cell for cell in one[1]) <= most), (0, []))
    if not _is_data(cells):
        return number, None
    for above, names in rows:
        if above < number and len(names) == width - 1 and all(names) and not _is_data(names):
            what = f"rows have a cell more than the heading on line {above}: put a name where one lacks"
            return above, what if any(one[-1] for _, one in full) else None
    return number, "the first line looks like a row: put a line of names above it"


def _lines(path: Path, encoding: str | None) -> Iterator[tuple[int, str]]:
    with opened(path) as stream:
        for number, line, _, _ in first(pieces(stream, encoding)[1], _LINES):
            if line.strip():
                yield number, line.decode("utf-8", "replace").strip("\r")


def _likeliest(texts: list[str]) -> str | None:
    """The mark that parts most lines into equally many cells."""
    best: tuple[float, str] | None = None
    for mark in _MARKS:
        counts = Counter(_QUOTED.sub("", text).count(mark) for text in texts)
        counts.pop(0, None)
        if counts:
            cells, lines = counts.most_common(1)[0]
            score = lines / len(texts) + min(cells, 50) / 1_000
            best = max(best or (0.0, mark), (score, mark))
    return None if best is None else best[1]


def _cells(texts: list[str], mark: str) -> list[str]:
    """The cells of the record that begins with the first of these lines; none where it is none."""
    try:
        return first_record(texts, Dialect(mark))[0]
    except csv.Error:
        return []


def _is_data(cells: list[str]) -> bool:
    """Whether a line is a row rather than names: a time or an amount stands in it."""
    return bool(cells) and sum(bool(_DATA.fullmatch(cell)) for cell in cells) * 3 >= len(cells)
