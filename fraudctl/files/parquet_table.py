"""Parquet: its columns and rows, every value as JSON would have it, numbers by the shortest exact text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files.columns import told_apart
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import seekable
from pipeline.records.quantities import Number

_BATCH = 4_096
_AS_IT_IS = ReadOptions()
_POWERS = ("e+16", "e+17", "e+18", "e+19")


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A Parquet file. Its rows are numbered from 1."""

    path: Path
    columns: list[str]
    widest: list[int] = field(default_factory=lambda: [0])
    """one number: what the texts of a row of the batch that is being read take at most, in bytes"""
    absent: frozenset[str] = frozenset()
    """words that stand for no value"""

    def records(self) -> Iterator[tuple[int, list[Any], None]]:
        """The rows in order; a list or a struct comes as Python has it."""
        number = 0
        with _file(self.path) as file:
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                self.widest[0] = sum(map(_widest, batch.columns))
                for values in _rows(batch):
                    number += 1
                    yield number, self._without_absent(values) if self.absent else values, None

    def _without_absent(self, values: list[Any]) -> list[Any]:
        return [None if isinstance(value, str) and value in self.absent else value for value in values]

    def said(self) -> str:
        """How it is read."""
        return "Parquet"


def parquet_table(path: Path, options: ReadOptions = _AS_IT_IS) -> ParquetTable:
    """The file by its schema. UsageError when it is no Parquet."""
    with _file(path) as file:
        names = told_apart(file.schema_arrow.names, options)
        return ParquetTable(path, names, absent=options.absent)


def write_part(path: Path, target: Path, places: int = 5, rows: int = 20_000) -> None:
    """Write a smaller Parquet file: the first rows of row groups all over the file."""
    import pyarrow.parquet

    with _file(path) as file:
        groups = file.metadata.num_row_groups
        with pyarrow.parquet.ParquetWriter(target, file.schema_arrow) as out:
            for group in sorted({groups * place // places for place in range(places)} if groups else ()):
                for batch in islice(
                    file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False), 1
                ):
                    out.write_batch(batch)


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    try:
        with seekable(path) as stream:
            yield pyarrow.parquet.ParquetFile(stream)
    except pyarrow.ArrowException as error:
        raise UsageError(
            f"{path.name} is not Parquet: {error}", hint="check that the file is whole", code="unreadable"
        ) from error


def _widest(column: Any) -> int:
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary
    if not _is_of_bytes(column.type):
        return 0
    return pyarrow.compute.max(pyarrow.compute.binary_length(column)).as_py() or 0


def _is_of_bytes(kind: Any) -> bool:
    """Whether values are texts, or bytes, which some programs write for them."""
    import pyarrow

    known = pyarrow.types
    return any(
        (
            known.is_string(kind),
            known.is_large_string(kind),
            known.is_binary(kind),
            known.is_large_binary(kind),
        )
    )


def _rows(batch: Any) -> Iterator[list[Any]]:
    columns = [_values(column) for column in batch.columns]
    return map(list, zip(*columns, strict=True)) if columns else iter(())


def _values(column: Any) -> list[Any]:
    import pyarrow

    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_floating(kind):
        values: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
    else:
        values = _as_python(column)
    if pyarrow.types.is_string(kind) or pyarrow.types.is_boolean(kind):
        return values
    if pyarrow.types.is_integer(kind):
        return [None if value is None else Number(value) for value in values]
    if pyarrow.types.is_floating(kind):
        text = _shortest(kind.bit_width)
        return [_number(value, text) for value in values]
    return [plain(value) for value in values]


def _as_python(column: Any) -> list[Any]:
    """The values; a time that Python's calendar does not have is a text, which is no time."""
    kind = _in_microseconds(column.type)
    if kind != column.type:
        column = column.cast(kind, safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        values = [_one_as_python(one) for one in column]
    return values


def _in_microseconds(kind: Any) -> Any:
    """The type with no finer times than Python has, which count nowhere; also of structs."""
    import pyarrow

    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        return pyarrow.timestamp("us", kind.tz)
    if pyarrow.types.is_struct(kind):
        fields = (kind.field(place) for place in range(kind.num_fields))
        return pyarrow.struct([one.with_type(_in_microseconds(one.type)) for one in fields])
    return kind


def _one_as_python(value: Any) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return f"{value.type} {value.value}"


def _number(value: float | None, text: Callable[[float], str]) -> Number | float | None:
    """The float as a number; None for none and no number at all. What is infinite stays a float, which is
    no field of a payment."""
    if value is None or value != value:
        return None
    return Number(text(value)) if abs(value) != math.inf else value


def _shortest(bits: int) -> Callable[[float], str]:
    """The shortest decimal that gives the same float of the column's own width."""
    if bits == 64:
        return _written_out
    import numpy

    width = numpy.float32 if bits == 32 else numpy.float16
    return lambda value: str(width(value))


def _written_out(value: float) -> str:
    """A double as Python writes it, but whole numbers with all digits where times in ns have an exponent."""
    text = repr(value)
    return format(Decimal(text), "f") if text.endswith(_POWERS) else text


def plain(value: Any) -> Any:
    """A value of any type as JSON has it; numbers as text, times with their zone."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, float):
        return _number(value, _written_out)
    if isinstance(value, int):
        return Number(repr(value))
    if isinstance(value, Decimal):
        return Number(format(value, "f"))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value if isinstance(value, list) else str(value)
