"""A file of labels, row by row, by the reader of payments: each is a label of an event, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fraudctl.files.amounts import Amounts
from fraudctl.files.csv_table import CsvTable
from fraudctl.files.fields import Convert, Fields
from fraudctl.files.making import Label, RefusedRow, label_of
from fraudctl.files.options import ReadOptions
from fraudctl.files.parquet_table import ParquetTable
from fraudctl.files.rows import json_objects
from fraudctl.files.sources import Paths, parts
from fraudctl.files.survey import Survey, survey
from fraudctl.files.times import Times
from pipeline.records.quantities import Refusal

_NEEDED = ("event_id", "label")
_TAKEN = ("event_id", "user_id", "label", "label_time", "scenario", "by")


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label of the event of that id, of any user where the file names none."""

    number: int
    user_id: str | None
    event_id: str
    label: Label


def read_labels(paths: Paths, options: ReadOptions) -> Iterator[LabelRow | RefusedRow]:
    """Every row of files of labels. UsageError when a file cannot be read at all.

    A file has the columns event_id, the label, and optionally user_id, label_time, by and scenario.
    """
    for part in parts(paths):
        one = survey(part, replace(options, id_from=None, user_from=None), _NEEDED)
        times = Times(options, one.unit)
        fields = Fields(options, Amounts(options), times, frozenset(), one.kinds, one.whole)
        for number, found in _named_values(one, fields):
            try:
                yield _row(number, found, options, times)
            except Refusal as refusal:
                yield RefusedRow(number, refusal.code, str(refusal), str(part))


def _row(number: int, found: dict[str, Any] | Refusal, options: ReadOptions, times: Times) -> LabelRow:
    if isinstance(found, Refusal):
        raise found
    by = found.pop("by", None)
    label = label_of(found, times)
    if label is None or not found.get("event_id"):
        raise Refusal("missing_field", f"event_id and {options.label} are needed")
    return LabelRow(
        number, found.get("user_id"), found["event_id"], label if by is None else replace(label, by=str(by))
    )


def _named_values(one: Survey, fields: Fields) -> Iterator[tuple[int, dict[str, Any] | Refusal]]:
    """The fields of a label in each row."""
    for number, found in _all_pairs(one):
        if isinstance(found, Refusal):
            yield number, found
            continue
        values: dict[str, Any] = {}
        try:
            for column, value in found:
                for name in one.columns.fields_of(column):
                    if name in _TAKEN and value is not None and value != "":
                        convert = _conversion(fields, one, column, name)
                        values[name] = value if convert is None else convert(value)
        except Refusal as refusal:
            yield number, refusal
            continue
        yield number, values


def _conversion(fields: Fields, one: Survey, column: str, name: str) -> Convert | None:
    if isinstance(one.table, CsvTable):
        return fields.of_cell(column, name)
    return fields.of_value(column, name, isinstance(one.table, ParquetTable))


def _all_pairs(one: Survey) -> Iterator[tuple[int, list[tuple[str, Any]] | Refusal]]:
    if one.table is None:
        for number, found, _ in json_objects(one):
            yield number, found
        return
    for number, values in one.table.records():
        if isinstance(values, Refusal):
            yield number, values
        else:
            yield number, list(zip(one.table.columns, values, strict=True))
