"""Where the heading of delimited text is, how it is parted, and in which encoding the file is."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraudctl.files.csv_records import Dialect, cells_of
from fraudctl.files.lines import first, pieces
from fraudctl.files.packing import opened

_MARKS = ",;\t|"
_LINES = 200
_QUOTED = re.compile(r'"[^"]*"')
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_DATA = re.compile(r"[-+]?[$€£]?[0-9][0-9.,:/ TZ+-]*")


@dataclass(frozen=True, slots=True)
class Heading:
    """The lines before it, what parts its cells (None: as the reader finds), and whether it has names."""

    skip_lines: int
    delimiter: str | None
    has_names: bool


def encoding_of(path: Path) -> str | None:
    """The encoding to say: None where it is recognised, else the likeliest of those of one byte."""
    with opened(path) as stream:
        head = stream.read(1 << 20)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in head[:2_000]:
        return None
    for name in ("utf-8", "cp1252", "latin-1"):
        try:
            codecs.getincrementaldecoder(name)("strict").decode(head)
        except UnicodeDecodeError:
            continue
        return None if name == "utf-8" else name
    return None


def heading_of(path: Path, encoding: str | None, delimiter: str | None) -> Heading:
    """The first line that is parted into as many named cells as most lines are."""
    lines = list(_lines(path, encoding))
    if lines and _SEP_LINE.fullmatch(lines[0][1].strip()):
        return Heading(0, None, True)
    mark = delimiter or _likeliest([text for _, text in lines])
    if mark is None:
        return Heading(0, None, True)
    rows = [(number, _cells(text, mark)) for number, text in lines]
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1).most_common(1)
    width = widths[0][0] if widths else 0
    for number, cells in rows:
        if len(cells) == width and sum(not cell for cell in cells) <= max(1, width // 4):
            before = [one for one in lines if one[0] < number]
            return Heading(number - 1 if before else 0, mark, not _is_data(cells))
    return Heading(0, mark, True)


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


def _cells(text: str, mark: str) -> list[str]:
    try:
        return cells_of(text, Dialect(mark))
    except csv.Error:
        return []


def _is_data(cells: list[str]) -> bool:
    """Whether a line is a row rather than names: a time or an amount stands in it."""
    return sum(bool(_DATA.fullmatch(cell)) for cell in cells) * 3 >= len(cells)
