"""What the cells of each column have in common, in bounded memory however long the file is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fraudctl.files.csv_table import csv_table
from fraudctl.files.json_objects import Members, objects, with_columns
from fraudctl.files.nothing import NOTHING
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.parquet_table import parquet_table
from fraudctl.files.sources import format_of, hive_columns
from pipeline.records.quantities import Number, Refusal

_BATCH = 4_096
_EXAMPLES = 3
_MOST_DISTINCT = 10_000
_MOST_SHAPES = 40
_MOST_OF_A_SHAPE = 2_000
_MOST_COLUMNS = 500
_LONGEST_SHAPED = 100
"""A time with the long name of its zone has 70."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHOWN = 30


@dataclass(slots=True)
class Column:
    """One column. `types` are those its values have in JSON and Parquet, none in CSV, with `nested` for lists
    and objects and `objects` for lists of these; `shapes` holds
    different cells by how they are built; `nothing` counts cells that are a word for nothing."""

    name: str
    rows: int = 0
    filled: int = 0
    is_number: bool = True
    is_truth: bool = True
    types: set[str] = field(default_factory=set)
    low: float | None = None
    high: float | None = None
    examples: list[str] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    shapes: dict[str, dict[str, None]] = field(default_factory=dict)
    nothing: dict[str, int] = field(default_factory=dict)
    has_repeats: bool = False
    """whether a value came twice, as far as values are remembered"""

    @property
    def kind(self) -> str:
        """number, bool, text, nested, or empty."""
        if not self.filled:
            return "empty"
        if "nested" in self.types:
            return "nested"
        return "number" if self.is_number else "bool" if self.is_truth else "text"

    @property
    def empty_share(self) -> float:
        """The share of rows that have nothing there."""
        return 1 - self.filled / self.rows if self.rows else 0.0

    @property
    def is_nearly_unique(self) -> bool:
        """Whether most values came once, as far as values are remembered."""
        return len(self.distinct) >= _MOST_DISTINCT or len(self.distinct) * 2 > self.filled

    def cells(self) -> list[str]:
        """Different cells, some of every shape, in the order they came in each."""
        return [cell for cells in self.shapes.values() for cell in cells]

    def add(self, values: Sequence[Any]) -> None:
        """The next cells; None and the empty text are nothing."""
        self.rows += len(values)
        there = [value for value in values if value is not None and value != ""]
        self.filled += len(there)
        if any(isinstance(value, list | dict) for value in there):
            self.types.add("nested")
            if any(
                isinstance(value, list) and isinstance(next(iter(value), None), dict | list)
                for value in there
            ):
                self.types.add("objects")
            return
        different = dict.fromkeys(there)
        self.has_repeats = self.has_repeats or len(different) < len(there)
        for value in different:
            self._note(value)
        for word in self.nothing:
            self.nothing[word] += sum(value == word for value in there)

    def _note(self, value: Any) -> None:
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if type(value) is not str:
            self.types.add("bool" if isinstance(value, bool) else "number")
        elif text.lower() in NOTHING:
            self.nothing.setdefault(text, 0)
            return
        self._number(text, isinstance(value, bool))
        if len(self.examples) < _EXAMPLES and text not in self.examples:
            self.examples.append(text)
        self.has_repeats = self.has_repeats or text in self.distinct
        if len(self.distinct) < _MOST_DISTINCT:
            self.distinct.add(text)
        self._shape(text)

    def _number(self, text: str, is_truth: bool) -> None:
        if is_truth or not _NUMBER.fullmatch(text):
            self.is_number = False
            self.is_truth = self.is_truth and text.lower() in ("true", "false")
            return
        self.is_truth = False
        number = float(text)
        self.low = number if self.low is None else min(self.low, number)
        self.high = number if self.high is None else max(self.high, number)

    def _shape(self, text: str) -> None:
        if len(text) > _LONGEST_SHAPED:
            return
        shape = shape_of(text)
        if shape not in self.shapes and len(self.shapes) >= _MOST_SHAPES:
            return
        cells = self.shapes.setdefault(shape, {})
        if len(cells) < _MOST_OF_A_SHAPE:
            cells[text] = None

    def as_document(self, field_names: Sequence[str]) -> dict[str, object]:
        """The column in JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "empty_share": round(self.empty_share, 4),
            "low": self.low if self.kind == "number" else None,
            "high": self.high if self.kind == "number" else None,
            "examples": [one[:_SHOWN] for one in self.examples],
            "fields": list(field_names),
        }


def shape_of(text: str) -> str:
    """How a text is built: runs of one or two digits as 9, longer ones by their length, letters as a."""
    digits = _DIGITS.sub(lambda run: "9" if len(run[0]) < 3 else f"9{{{len(run[0])}}}", text)
    return _LETTERS.sub("a", digits)


def look(paths: Sequence[Path], options: ReadOptions) -> list[Column]:
    """Every column of the files, in the order of its first appearance."""
    found: dict[str, Column] = {}
    for path in paths:
        kind = format_of(path, options)
        if kind == "jsonl":
            _look_at_objects(path, options, found)
        else:
            _look_at_table(path, kind, options, found)
    return list(found.values())


def _look_at_table(path: Path, kind: str, options: ReadOptions, found: dict[str, Column]) -> None:
    table = csv_table(path, options) if kind == "csv" else parquet_table(path, options)
    hive = {name: value for name, value in hive_columns(path).items() if name not in table.columns}
    good = (values for _, values, _ in table.records() if not isinstance(values, Refusal))
    first = list(islice(good, _BATCH))
    if any(isinstance(value, dict) for values in first for value in values):
        names = [*table.columns, *hive]
        rows = ([*values, *hive.values()] for values in chain(first, good))
        _look_at_members((Members(zip(names, values, strict=True)) for values in rows), found)
        return
    columns = [found.setdefault(name, Column(name)) for name in [*table.columns, *hive]]
    for batch in chain([first] if first else [], iter(lambda: list(islice(good, _BATCH)), [])):
        several: list[Sequence[Any]] = list(zip(*batch, strict=True))
        several += [[value] * len(batch) for value in hive.values()]
        for column, values in zip(columns, several, strict=True):
            column.add(values)


def _look_at_objects(path: Path, options: ReadOptions, found: dict[str, Column]) -> None:
    hive = hive_columns(path)
    with opened(path) as stream:
        some = (one for _, one, _ in objects(stream, options.encoding, options.records))
        members = (one for one in some if isinstance(one, Members))
        _look_at_members((with_columns(one, hive) for one in members) if hive else members, found)


def _look_at_members(good: Iterator[Members], found: dict[str, Column]) -> None:
    rows = max((one.rows for one in found.values()), default=0)
    while batch := list(islice(good, _BATCH)):
        flat = [dict(_flat(one)) for one in batch]
        for name in dict.fromkeys(name for one in flat for name in one):
            if name not in found and len(found) < _MOST_COLUMNS:
                found[name] = Column(name, rows)
        for name, column in found.items():
            column.add([one.get(name) for one in flat])
        rows += len(batch)


def _flat(members: Iterable[tuple[str, Any]], before: str = "") -> Iterator[tuple[str, Any]]:
    """The members of an object and of those in it, by their paths; what is in lists is left out."""
    for name, value in members:
        if isinstance(value, Members | dict):
            yield from _flat(value.items() if isinstance(value, dict) else value, f"{before}{name}.")
        elif isinstance(value, list):
            yield f"{before}{name}", value
        else:
            yield f"{before}{name}", value if isinstance(value, str | bool | Number | None) else str(value)
