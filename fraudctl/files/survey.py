"""What a file is before any row of it is used: its columns, their kinds, the unit of its times.

Whatever can be read two ways, and whatever every row would be refused for, is told here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files import kinds as column_kinds
from fraudctl.files.columns import Columns
from fraudctl.files.csv_table import CsvTable, csv_table
from fraudctl.files.fields import CORE, IDS, reserved_hint
from fraudctl.files.json_objects import Members, objects
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.parquet_table import ParquetTable, parquet_table
from fraudctl.files.sources import format_of, hive_columns
from fraudctl.files.times import column_unit
from pipeline.records.fields import LABEL_FIELDS, RESERVED
from pipeline.records.quantities import Number

LOOKED_AT = 1_000
"""Rows of JSON and Parquet that are looked at: each JSON object may have columns of its own."""

Table = CsvTable | ParquetTable


@dataclass(frozen=True, slots=True)
class Survey:
    """A file that can be read. `table` is None for JSON, whose objects have their columns with them."""

    path: Path
    table: Table | None
    columns: Columns
    unit: str | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    hive: dict[str, str] = field(default_factory=dict)

    def said(self) -> str:
        """In one line, how the file is read."""
        parts = ["JSON objects" if self.table is None else self.table.said()]
        texts = sorted(name for name, kind in self.kinds.items() if kind == "text")
        if self.unit is not None and not self.columns.options.time_unit:
            parts.append(f"event_time in {self.unit}")
        if texts:
            parts.append(f"text: {', '.join(texts[:8])}{' …' if len(texts) > 8 else ''}")
        return f"{self.path.name}: {'; '.join(parts)}"


def survey(path: Path, options: ReadOptions, required: tuple[str, ...]) -> Survey:
    """Look at the file. UsageError when a column is named or needed and not there, or means two things."""
    kind = format_of(path, options)
    if kind == "jsonl":
        return _of_json(path, options)
    table = csv_table(path, options) if kind == "csv" else parquet_table(path, options.absent)
    hive = {name: value for name, value in hive_columns(path).items() if name not in table.columns}
    columns = Columns(options, [*table.columns, *hive])
    _check_heading(table, columns, required)
    if isinstance(table, ParquetTable):
        unit = _unit(columns, (values for _, values in islice(table.records(), LOOKED_AT)), options)
        return Survey(path, table, columns, unit, hive=hive)
    return _of_csv(path, table, columns, hive)


def _of_json(path: Path, options: ReadOptions) -> Survey:
    with opened(path) as stream:
        sample = [found for _, found, _ in islice(objects(stream, options.encoding), LOOKED_AT)]
    members = [found for found in sample if isinstance(found, Members)]
    names = list(dict.fromkeys(name for found in members for name, _ in found))
    columns = Columns(options, names, members)
    columns.check_named(path)
    times = (columns.value_in(found, "event_time") for found in members)
    numbers = (value for value in times if isinstance(value, Number))
    return Survey(path, None, columns, column_unit("event_time", numbers, options))


def _of_csv(path: Path, table: CsvTable, columns: Columns, hive: dict[str, str]) -> Survey:
    options, names = columns.options, table.columns
    place = {name: index for index, name in enumerate(names)}
    of_field = {name: [place[c] for c in columns.of_field(name) if c in place] for name in CORE}
    taken = {index for found in of_field.values() for index in found}
    further = {place[name] for name in columns.further() if name in place and name not in options.kinds}
    wanted = column_kinds.Wanted(
        kinds=frozenset(further - taken),
        ids=frozenset(index for name in IDS for index in of_field[name]),
        amounts=frozenset(of_field["amount"] if options.decimal is None else ()),
        times=frozenset(of_field["event_time"] if len(of_field["event_time"]) == 1 else ()),
        decimal=options.decimal,
    )
    seen = column_kinds.scan(table.records(), wanted)
    _check_commas(path, [(names[index], seen[index]) for index in wanted.amounts])
    epochs = [text for index in wanted.times for text in seen[index].epochs]
    return Survey(
        path,
        table,
        columns,
        column_unit("event_time", epochs, options),
        {names[index]: seen[index].kind for index in wanted.kinds},
        frozenset(names[index] for index in wanted.ids if seen[index].whole and seen[index].filled),
        hive,
    )


def _check_commas(path: Path, found: Iterable[tuple[str, column_kinds.Seen]]) -> None:
    for column, seen in found:
        if seen.comma is not None:
            line, cell = seen.comma
            likely = "." if cell.rfind(".") > cell.rfind(",") else ","
            raise UsageError(
                f"{path.name} line {line}: {column} shows a comma: {cell[:40]!r}",
                hint=f"say what parts the decimals: --decimal {likely} (or --decimal {',.'.strip(likely)})",
                code="ambiguous_decimal",
            )


def _check_heading(table: Table, columns: Columns, required: tuple[str, ...]) -> None:
    columns.check_named(table.path)
    where = f"{table.path.name} line {table.heading_line}" if isinstance(table, CsvTable) else table.path.name
    if lacking := columns.lacking(required):
        raise UsageError(
            f"{where}: no column {', '.join(lacking)} among {', '.join(filter(None, columns.names))[:300]}",
            hint=_hint_for(table, columns, required, lacking),
            code="no_column",
        )
    if twice := columns.repeated():
        raise UsageError(
            f"{where}: several columns are named {', '.join(twice)}",
            hint=f"give each a name of its own in the heading, or leave them out with --drop {twice[0]}",
            code="duplicate_column",
        )
    if reserved := [name for name in columns.further() if name in RESERVED - set(LABEL_FIELDS)]:
        raise UsageError(
            f"{where}: reserved_field: {', '.join(reserved)}",
            hint=f"decisions use these names: {'; '.join(map(reserved_hint, reserved))}",
            code="reserved_field",
        )


def _hint_for(table: Table, columns: Columns, required: tuple[str, ...], lacking: list[str]) -> str:
    if isinstance(table, CsvTable):
        for number, cells in table.later.items():
            if not Columns(columns.options, cells).lacking(required):
                return f"line {number} looks like the heading: --skip-lines {number - 1}"
    options = [f"--map {name}=COLUMN" for name in lacking]
    return " ".join(options) + (" (or --id row, --id hash)" if "event_id" in lacking else "")


def _unit(columns: Columns, rows: Iterator[list[Any]], options: ReadOptions) -> str | None:
    found = [name for name in columns.of_field("event_time") if name in columns.names]
    if len(found) != 1:
        return None
    index = columns.names.index(found[0])
    values = (values[index] for values in rows if index < len(values))
    return column_unit("event_time", (one for one in values if isinstance(one, Number)), options)
