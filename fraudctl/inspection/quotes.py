"""Whether cells stand in single quotes: those of the heading, or all of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from fraudctl.files.csv_table import CsvTable

_ROWS = 200


def are_single(table: CsvTable) -> bool:
    """Whether single quotes are those of cells, and rows have as many cells without them as with them."""
    if all(map(_is_quoted, table.columns)):
        return True
    plain = _rows(table)
    columns = [[cell for cell in cells if cell] for cells in zip(*plain, strict=True)]
    if not any(cells and all(map(_is_quoted, cells)) for cells in columns):
        return False
    return len(_rows(replace(table, dialect=replace(table.dialect, quote="'")))) >= len(plain)


def _rows(table: CsvTable) -> list[Sequence[str]]:
    return [cells for _, cells, _ in islice(table.records(), _ROWS) if isinstance(cells, list)]


def _is_quoted(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == cell[-1] == "'"
