"""A file of labels, row by row, by the reader of payments: each is a label of an event, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fraudctl.files import to_mend
from fraudctl.files.amounts import Amounts
from fraudctl.files.columns import walk
from fraudctl.files.csv_table import CsvTable
from fraudctl.files.fields import Convert, Fields
from fraudctl.files.json_objects import Members
from fraudctl.files.making import RefusedRow
from fraudctl.files.options import ReadOptions
from fraudctl.files.parquet_table import ParquetTable, plain
from fraudctl.files.rows import json_objects
from fraudctl.files.sources import Paths
from fraudctl.files.survey import Survey, surveys
from fraudctl.files.times import Times
from fraudctl.files.truths import Label, Values, label_of
from pipeline.records.quantities import Refusal

_NEEDED = ("event_id", "label")
_Raw = Callable[[], bytes]
"""Gives a row as it stands in its file."""
TAKEN = ("event_id", "user_id", "label", "label_time", "scenario", "by")
"""The fields of a label."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label of the event of that id, of any user where the file names none."""

    number: int
    user_id: str | None
    event_id: str
    label: Label


def beside(options: ReadOptions) -> ReadOptions:
    """What is said of payments, as far as it says something of a file of labels beside them: which columns
    are what, of which kind, and how times are written. The file itself may be of another make."""
    return ReadOptions(
        fields=options.fields,
        label=options.label,
        zone=options.zone,
        zone_names=options.zone_names,
        time_formats=options.time_formats,
        kinds=options.kinds,
        absent=options.absent,
    )


def read_labels(
    paths: Paths, options: ReadOptions, elsewhere: frozenset[str] = frozenset()
) -> Iterator[LabelRow | RefusedRow]:
    """Every row of files of labels. UsageError when a file cannot be read at all.

    A file has the columns event_id, the label, and optionally user_id, label_time, by and scenario. Fields
    that may be `elsewhere` need not be there under the names that are said.
    """
    for one in surveys(paths, replace(options, id_from=None, user_from=None), _NEEDED, elsewhere):
        times = Times(options, one.unit)
        fields = Fields(options, Amounts(options), times, frozenset(), one.kinds, one.whole)
        for number, found, raw in _named_values(one, fields):
            try:
                yield _row(number, found, options, times)
            except Refusal as refusal:
                yield RefusedRow(number, refusal.code, str(refusal), str(one.path), raw())


def _row(number: int, found: Values | Refusal, options: ReadOptions, times: Times) -> LabelRow:
    if isinstance(found, Refusal):
        raise found
    by = found.pop("by", None)
    label = label_of(found, times)
    if label is None or not found.get("event_id"):
        raise Refusal("missing_field", f"event_id and {options.label} are needed")
    return LabelRow(
        number, found.get("user_id"), found["event_id"], label if by is None else replace(label, by=str(by))
    )


def _named_values(one: Survey, fields: Fields) -> Iterator[tuple[int, Values | Refusal, _Raw]]:
    """The fields of a label in each row."""
    paths = [(".".join(path), path) for path in one.columns.paths().values()]
    for number, found, raw in _all_pairs(one):
        if isinstance(found, Refusal):
            yield number, found, raw
            continue
        values: Values = {}
        try:
            own = Members(found)
            nested = [(name, plain(walk(own, path, is_once=True))) for name, path in paths]
            for column, value in [*found, *nested]:
                for name in one.columns.fields_of(column):
                    if name in TAKEN and value is not None and value != "":
                        if name in values:
                            raise Refusal("duplicate_field", name)
                        convert = _conversion(fields, one, column, name)
                        values[name] = value if convert is None else convert(value)
        except Refusal as refusal:
            yield number, refusal, raw
            continue
        yield number, values, raw


def _conversion(fields: Fields, one: Survey, column: str, name: str) -> Convert | None:
    if isinstance(one.table, CsvTable):
        return fields.of_cell(column, name)
    return fields.of_value(column, name, isinstance(one.table, ParquetTable))


def _all_pairs(one: Survey) -> Iterator[tuple[int, list[tuple[str, Any]] | Refusal, _Raw]]:
    if one.table is None:
        for number, found, text in json_objects(one):
            yield number, found, partial(bytes, text)
        return
    for number, values, line in one.table.records():
        raw = partial(to_mend.as_json, one, values) if line is None else partial(bytes, line)
        if isinstance(values, Refusal):
            yield number, values, raw
        else:
            yield number, [*zip(one.table.columns, values, strict=True), *one.hive.items()], raw
