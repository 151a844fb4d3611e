"""What a file is before any row of it is used: its columns, their kinds, the unit of its times.

Whatever can be read two ways, and whatever every row would be refused for, is told here once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files import kinds as column_kinds
from fraudctl.files.amounts import may_be_thousands
from fraudctl.files.columns import Columns
from fraudctl.files.csv_table import CsvTable, csv_table
from fraudctl.files.currencies import has_three_digits
from fraudctl.files.fields import CORE, IDS, reserved_hint
from fraudctl.files.json_objects import Members, objects, with_columns
from fraudctl.files.lines import first, pieces
from fraudctl.files.nothing import KEYS, Nothings, words_among
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.parquet_table import ParquetTable, parquet_table
from fraudctl.files.sources import Paths, filled_parts, format_of, hive_columns
from fraudctl.files.times import column_unit, is_number
from fraudctl.files.within import lists_in
from pipeline.records.fields import LABEL_FIELDS, RESERVED
from pipeline.records.quantities import Number

_MOST_LINES = 10_000
LOOKED_AT = 1_000
"""Rows of JSON and Parquet that are looked at: each JSON object may have columns of its own."""

Table = CsvTable | ParquetTable


@dataclass(frozen=True, slots=True)
class Survey:
    """A file that can be read. `table` is None for JSON, whose objects have their columns with them.

    Of a CSV file `kinds` has the kind of each further column with anything in it, `whole` the columns of ids
    that are whole numbers and `texts` those that are not.
    """

    path: Path
    table: Table | None
    columns: Columns
    unit: str | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    hive: dict[str, str] = field(default_factory=dict)
    nothing: Nothings = field(default_factory=Counter)
    """words for nothing as values of keys, among `looked_at` rows"""
    looked_at: int = 0

    def said(self) -> str:
        """In one line, how the file is read."""
        parts = ["JSON objects" if self.table is None else self.table.said()]
        texts = sorted(name for name, kind in self.kinds.items() if kind == "text")
        if self.unit is not None and not self.columns.options.time_unit:
            parts.append(f"event_time in {self.unit}")
        if texts:
            parts.append(f"text: {', '.join(texts[:8])}{' …' if len(texts) > 8 else ''}")
        return f"{self.path.name}: {'; '.join(parts)}"


def surveys(
    paths: Paths, options: ReadOptions, required: tuple[str, ...], elsewhere: frozenset[str] = frozenset()
) -> list[Survey]:
    """Look at each of the files; a column has one kind in all of them. UsageError as from `survey`."""
    return _alike([survey(path, options, required, elsewhere) for path in filled_parts(paths)])


def survey(
    path: Path, options: ReadOptions, required: tuple[str, ...], elsewhere: frozenset[str] = frozenset()
) -> Survey:
    """Look at the file. UsageError when a column is named or needed and not there, or means two things.

    Of fields that may be `elsewhere`, which another file may have, a column that is not there is no mistake.
    """
    kind = format_of(path, options)
    if kind == "jsonl":
        return _of_json(path, options, elsewhere)
    table = csv_table(path, options) if kind == "csv" else parquet_table(path, options)
    hive = {name: value for name, value in hive_columns(path).items() if name not in table.columns}
    columns = Columns(options, [*table.columns, *hive], elsewhere=elsewhere)
    _check_heading(table, columns, required)
    if isinstance(table, ParquetTable):
        return _of_parquet(path, table, columns, hive)
    return _of_csv(path, table, columns, hive, required)


def _alike(found: list[Survey]) -> list[Survey]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in found:
        for name, kind in one.kinds.items():
            kinds[name].add(kind)
    mixed = {name: "text" for name, some in kinds.items() if len(some) > 1}
    texts = frozenset[str]().union(*(one.texts for one in found))
    return [
        replace(
            one,
            kinds={name: mixed.get(name, kind) for name, kind in one.kinds.items()},
            whole=one.whole - texts,
        )
        for one in found
    ]


def _of_json(path: Path, options: ReadOptions, elsewhere: frozenset[str]) -> Survey:
    with opened(path) as stream:
        found_objects = objects(stream, options.encoding, options.records)
        sample = [found for _, found, _ in islice(found_objects, LOOKED_AT)]
    hive = hive_columns(path)
    members = [with_columns(found, hive) for found in sample if isinstance(found, Members)]
    names = list(dict.fromkeys(name for found in members for name, _ in found))
    columns = Columns(options, names, members, elsewhere)
    times = [columns.value_in(found, "event_time") for found in members]
    if options.records is None and not any(one is not None for one in times):
        check_around(path, options.encoding)
    columns.check_named(path)
    for name in columns.of_field("amount"):
        of_rows = (columns.value_at(found, name) for found in members)
        codes = (columns.value_in(found, "currency") for found in members)
        _check_texts(path, columns, name, of_rows, codes)
    unit = column_unit("event_time", _numbers(times), options)
    keys = {name: [columns.value_in(found, name) for found in members] for name in KEYS}
    nothing = _nothing(columns, keys)
    return Survey(path, None, columns, unit, hive=hive, nothing=nothing, looked_at=len(members))


def _of_parquet(path: Path, table: ParquetTable, columns: Columns, hive: dict[str, str]) -> Survey:
    rows = [values for _, values, _ in islice(table.records(), LOOKED_AT)]
    for name in columns.of_field("amount"):
        codes = _values_of("currency", columns, rows)
        _check_texts(path, columns, name, _values_at(name, columns, rows), codes)
    times = _numbers(_values_of("event_time", columns, rows))
    unit = column_unit("event_time", times, columns.options)
    nothing = _nothing(columns, {name: list(_values_of(name, columns, rows)) for name in KEYS})
    return Survey(path, table, columns, unit, hive=hive, nothing=nothing, looked_at=len(rows))


def _nothing(columns: Columns, keys: Mapping[str, list[Any]]) -> Nothings:
    """Words for nothing among values of fields."""
    absent, found = columns.options.absent, Nothings()
    for name, values in keys.items():
        distinct = {one for one in values if isinstance(one, str)}
        for word, count in words_among(values, distinct, absent).items():
            found[columns.of_field(name)[0], word] = count
    return found


def _numbers(times: Iterable[Any]) -> Iterator[str]:
    """Times that are numbers, also those that are texts: some programs write all values so."""
    yield from (value for value in times if isinstance(value, str) and is_number(value))


def _of_csv(
    path: Path, table: CsvTable, columns: Columns, hive: dict[str, str], required: tuple[str, ...]
) -> Survey:
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
        keys=frozenset(index for name in KEYS for index in of_field[name]),
        currencies=frozenset(of_field["currency"]),
        decimal=options.decimal,
        required=frozenset(
            of_field[name][0] for name in columns.not_made(required) if len(of_field[name]) == 1
        ),
    )
    seen, rows = column_kinds.scan(table.records(), wanted)
    for index in wanted.amounts:
        if (shown := seen[index].thousands) is not None:
            _refuse_thousands(f"{path.name} line {shown[0]}", names[index], shown[1])
    codes = {code for index in wanted.currencies for code in seen[index].currencies}
    for index in wanted.amounts if not has_three_digits({*codes, options.currency}) else ():
        if (shown := seen[index].grouped) is not None and not seen[index].has_decimals:
            _refuse_thousands(f"{path.name} line {shown[0]}", names[index], shown[1])
    epochs = [text for index in wanted.times for text in seen[index].epochs]
    return Survey(
        path,
        table,
        columns,
        column_unit("event_time", epochs, options),
        {names[index]: seen[index].kind for index in wanted.kinds if seen[index].filled},
        frozenset(names[index] for index in wanted.ids if seen[index].whole and seen[index].filled),
        frozenset(names[index] for index in wanted.ids if not seen[index].whole),
        hive,
        Counter({(names[at], word): n for at in wanted.keys for word, n in seen[at].nothing.items()}),
        rows,
    )


def _check_texts(
    path: Path, columns: Columns, column: str, amounts: Iterable[Any], currencies: Iterable[Any]
) -> None:
    """Amounts that are texts, as in JSON, may have commas as those of CSV."""
    options = columns.options
    if options.decimal is not None or options.kind_of(column, "amount") != "number":
        return
    texts = [one for one in amounts if isinstance(one, str) and not isinstance(one, Number)]
    shown = next((one for one in texts if column_kinds.THOUSANDS.search(one)), None)
    pointed = [one for one in texts if "." in one]
    if shown is None and pointed and all(map(may_be_thousands, pointed)):
        shown = None if has_three_digits({*currencies, options.currency}) else pointed[0]
    if shown is not None:
        _refuse_thousands(path.name, column, shown)


def check_around(path: Path, encoding: str | None) -> None:
    """UsageError when the rows are perhaps the elements of a list within the objects of the file."""
    with opened(path) as stream:
        lists = lists_in(b"\n".join(piece[1] for piece in first(pieces(stream, encoding)[1], _MOST_LINES)))
    if lists:
        raise UsageError(
            f"{path.name}: no payment by itself, but a list within an object at {', '.join(lists[:5])}",
            hint=f"say where the rows are: --records {lists[0]}",
            code="rows_within",
        )


def _refuse_thousands(where: str, column: str, cell: str) -> None:
    likely = "." if cell.rfind(".") > cell.rfind(",") and cell.count(".") == 1 else ","
    what = (
        "a comma"
        if "," in cell
        else "several points"
        if cell.count(".") > 1
        else "points that may part thousands"
    )
    raise UsageError(
        f"{where}: {column} shows {what}: {cell[:40]!r}",
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
            hint=f"say which: --map FIELD='{twice[0]}#1' is the first; or leave them out: --drop {twice[0]}",
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
    options = ["--label COLUMN" if name == "label" else f"--map {name}=COLUMN" for name in lacking]
    are_payments = "event_time" in required
    made = [("event_id", "--id row, --id hash"), ("user_id", "--user-from row")] if are_payments else []
    others = "".join(f" (or {option})" for name, option in made if name in lacking)
    return f"{' '.join(options)}{others}; fraudctl inspect says which"


def _values_of(field_name: str, columns: Columns, rows: list[list[Any]]) -> Iterator[Any]:
    """The values of a field that one column has; none of others."""
    found = [name for name in columns.of_field(field_name) if name in columns.names]
    return _values_at(found[0], columns, rows) if len(found) == 1 else iter(())


def _values_at(column: str, columns: Columns, rows: list[list[Any]]) -> Iterator[Any]:
    if column in columns.names:
        index = columns.names.index(column)
        yield from (values[index] for values in rows if index < len(values))
