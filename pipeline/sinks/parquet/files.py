"""How decisions lie in Parquet files: names on a fixed grid, and bytes that depend on the rows alone.

A cell is `CELL` consecutive offsets of one partition of the decisions topic. Its rows of one event date
are one file, `event_date=YYYY-MM-DD/cell-pPPPP-oOOOOOOOOOOOOOOOO.parquet`, named by partition and first
offset. Compaction puts the rows of many into `event_date=YYYY-MM-DD/compacted-rROWS-HASH.parquet`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.columns import ADDED, FIXED, SCHEMA_VERSION

CELL = 20_000
"""Offsets in a cell. Part of the names: never to be changed for an existing store."""

_CELL_NAME = re.compile(r"event_date=(\d{4}-\d\d-\d\d)/cell-p(\d{4,})-o(\d{16})\.parquet")
_COMPACTED_NAME = re.compile(r"event_date=(\d{4}-\d\d-\d\d)/compacted-r(\d{9})-[0-9a-f]{16}\.parquet")


class Damaged(Exception):
    """The bytes are no file of ours."""


class Cell(NamedTuple):
    """A place on the grid: the partition and its first offset."""

    partition: int
    first: int

    @property
    def end(self) -> int:
        """The first offset after it."""
        return self.first + CELL


class FileName(NamedTuple):
    """What a file's name says: a cell, or the number of rows of a compacted file."""

    name: str
    event_date: str
    cell: Cell | None
    rows: int


def cell_of(partition: int, offset: int) -> Cell:
    return Cell(partition, offset - offset % CELL)


def cell_name(cell: Cell, event_date: str) -> str:
    return f"event_date={event_date}/cell-p{cell.partition:04d}-o{cell.first:016d}.parquet"


def compacted_name(event_date: str, rows: int, data: Any) -> str:
    """Named by its content, so that doing it again makes the same file."""
    return f"event_date={event_date}/compacted-r{rows:09d}-{hashlib.sha256(data).hexdigest()[:16]}.parquet"


def parse_name(name: str) -> FileName | None:
    """None for a file that is not ours."""
    if found := _CELL_NAME.fullmatch(name):
        return FileName(name, found[1], Cell(int(found[2]), int(found[3])), 0)
    if found := _COMPACTED_NAME.fullmatch(name):
        return FileName(name, found[1], None, int(found[2]))
    return None


def encode(table: pa.Table) -> pa.Buffer:
    """The file of these rows in their order: the same rows give the same bytes."""
    found = decision_table.without_empty(table).combine_chunks()
    # a table that was read carries notes on its fields that a new one does not
    fields = [
        FIXED.field(name) if name in FIXED.names else pa.field(name, found[name].type)
        for name in found.column_names
    ]
    schema = pa.schema(fields, {"fraudctl.schema_version": str(SCHEMA_VERSION)})
    whole = pa.Table.from_arrays(found.columns, schema=schema)
    target = pa.BufferOutputStream()
    pq.write_table(
        whole,
        target,
        row_group_size=100_000,
        version="2.6",
        compression="zstd",
        compression_level=1,
        use_dictionary=True,
        write_statistics=True,
        data_page_version="1.0",
    )
    return target.getvalue()


def decode(name: str, data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file, all columns or those named. Raises Damaged."""
    with _naming(name):
        # Here and wherever Arrow could use threads: those it leaves behind often end the program by SIGABRT
        # after its last word (Arrow's issue 34314). read_table has some in any case.
        table = pq.ParquetFile(pa.BufferReader(data)).read(columns=columns, use_threads=False)
    return _checked(name, table, columns or FIXED.names)


def schema(name: str, data: bytes) -> pa.Schema:
    """The columns of a file. Raises Damaged."""
    with _naming(name):
        return pq.read_schema(pa.BufferReader(data))


def batches(name: str, data: bytes, rows: int) -> Iterator[pa.Table]:
    """The rows of a file, at most so many at a time. Raises Damaged."""
    with _naming(name):
        file = pq.ParquetFile(pa.BufferReader(data))
    stream = file.iter_batches(batch_size=rows, use_threads=False)
    while True:
        with _naming(name):
            batch = next(stream, None)
        if batch is None:
            return
        yield _checked(name, pa.Table.from_batches([batch]), FIXED.names)


def _checked(name: str, table: pa.Table, columns: Sequence[str]) -> pa.Table:
    for column in columns:
        index = table.schema.get_field_index(column)
        if index < 0 and column in ADDED:
            table = table.append_column(column, pa.nulls(len(table), FIXED.field(column).type))
        elif index < 0 or table.schema.field(index).type != FIXED.field(column).type:
            raise Damaged(f"{name} cannot be read: it is not a file of decisions, see its column {column}")
    return table


class _naming:
    """Turns Arrow's complaints into one that names the file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, pa.ArrowException | OSError):
            raise Damaged(f"{self._name} cannot be read: {error}") from error
