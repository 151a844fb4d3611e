"""A table for people, at any width: columns where they fit, else one record below the other.

An id, a number, a time or an address is never cut or broken; only text of several words is wrapped. This
module knows no command and does not print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from pipeline.records.visible import visible_lines

GAP = 3
EDGES = 2
LEAST_TEXT = 20
"""A text is not squeezed into less than that; where there is less, records are easier to read."""
LONGEST_WORD = 48
"""A longer word within a text is broken where it must be."""
_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( ?(%|B|KB|MB|GB|µs|ms|s|h|[A-Z]{3}))?|-|none|never")


@dataclass(frozen=True)
class Table:
    """A title (may be empty), column heads, and rows of anything with a `str`; None is an empty cell.

    A column is shown on the right where all its cells are numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class _Column:
    """`least` is the width below which it cannot be read, `natural` that at which nothing is wrapped."""

    head: str
    is_number: bool
    least: int
    natural: int


def layout(table: Table, width: int) -> Iterator[RenderableType]:
    """What is to be printed, for a terminal of that width."""
    cells = [[_text(cell) for cell in row] for row in table.rows]
    columns = [_column(head, [row[i] for row in cells]) for i, head in enumerate(table.columns)]
    room = width - EDGES - GAP * (len(columns) - 1)
    if sum(column.least for column in columns) <= room:
        yield _grid(table.title, columns, _widths(columns, room), cells)
    else:
        yield from _records(table.title, table.columns, cells, width)


def _text(cell: object) -> str:
    return "" if cell is None else visible_lines(str(cell))


def _column(head: str, cells: Sequence[str]) -> _Column:
    there = [cell for cell in cells if cell]
    natural = max((cell_len(line) for cell in cells for line in cell.splitlines()), default=0)
    words = [cell_len(word) for cell in cells for word in cell.split()]
    is_text = any(len(cell.split()) > 1 for cell in cells)
    longest = min(LONGEST_WORD, max(words, default=0))
    least = min(natural, max(LEAST_TEXT, longest)) if is_text else natural
    head_least = max((cell_len(word) for word in head.split()), default=0)
    return _Column(
        head,
        bool(there) and all(_NUMBER.fullmatch(cell) for cell in there),
        max(least, head_least),
        max(natural, cell_len(head)),
    )


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """What each has at least, and what is left over shared evenly among those who want more."""
    widths = [column.least for column in columns]
    wanting = sorted(range(len(columns)), key=lambda i: columns[i].natural - columns[i].least)
    left = room - sum(widths)
    for done, i in enumerate(wanting):
        more = min(columns[i].natural - columns[i].least, left // (len(wanting) - done))
        widths[i] += more
        left -= more
    return widths


def _grid(
    title: str, columns: Sequence[_Column], widths: Sequence[int], cells: Sequence[Sequence[str]]
) -> RichTable:

    name = Text(title, style="bold") if title else None
    has_heads = any(column.head for column in columns)
    shown = RichTable(
        title=name, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, show_header=has_heads
    )
    for column, width in zip(columns, widths, strict=True):
        shown.add_column(
            Text(column.head), overflow="fold", width=width, justify="right" if column.is_number else "left"
        )
    for row in cells:
        shown.add_row(*map(Text, row))
    return shown


def _records(
    title: str, heads: Sequence[str], cells: Sequence[Sequence[str]], width: int
) -> Iterator[RenderableType]:
    """Each row as its heads and values, as many in a line as fit; what is longer has lines of its own."""

    if title:
        yield Text(f"\n{title}", style="bold")
    for row in cells:
        yield Text("")
        for line in _filled(_pairs(heads, row), width - EDGES):
            yield Padding(line, (0, 0, 0, 1))


def _pairs(heads: Sequence[str], row: Sequence[str]) -> Iterator[Text]:
    """The cells that say something, each with its head."""

    for head, cell in zip(heads, row, strict=True):
        if cell:
            name = f"{head}: " if head else ""
            yield Text.assemble((name, "dim"), cell.replace("\n", "; "), overflow="fold")


def _filled(pairs: Iterable[Text], room: int) -> Iterator[Text]:
    """Lines of as many pairs as there is room for; one that is longer is alone in its line."""
    line: Text | None = None
    for pair in pairs:
        if line is not None and line.cell_len + GAP + pair.cell_len <= room:
            line.append(" " * GAP).append_text(pair)
            continue
        if line is not None:
            yield line
        line = pair
    if line is not None:
        yield line
