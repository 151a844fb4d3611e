"""The columns of a user's file, so that a misspelt one is told before anything is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from fraudctl.errors import UsageError
from fraudctl.traffic.formats import check_readable, json_lines, opened
from fraudctl.traffic.rows import Mapped

LOOKED_AT = 1_000
"""Lines of a JSON lines file: each may have columns of its own."""


def check(path: Path, mapped: Mapped) -> None:
    """UsageError when a column that the command line names is not in the file."""
    check_readable(path)
    named = [*mapped.fields.values(), *([] if mapped.label == "label" else [mapped.label])]
    if not named:
        return
    known = _known(path)
    missing = [column for column in named if column not in known]
    if missing:
        raise UsageError(
            f"{path.name} has no column {', '.join(missing)}",
            hint=f"it has: {', '.join(sorted(known)) or 'none'}",
            code="no_column",
        )


def _known(path: Path) -> set[str]:
    kind = check_readable(path)
    with opened(path) as stream:
        if kind == "parquet":
            return set(_in_parquet(stream))
        return set(_in_heading(stream) if kind == "csv" else _in_lines(stream))


def _in_heading(stream: BinaryIO) -> list[str]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        return [name.strip() for name in next(csv.reader(text), [])]
    except csv.Error:
        return []
    finally:
        text.detach()


def _in_lines(stream: BinaryIO) -> Iterator[str]:
    for _, pairs in islice(json_lines(stream), LOOKED_AT):
        if isinstance(pairs, list):
            yield from (name for name, _ in pairs)


def _in_parquet(stream: BinaryIO) -> list[str]:
    import pyarrow
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_schema(pyarrow.BufferReader(stream.read())).names)
    except pyarrow.ArrowException as error:
        raise UsageError(
            f"not Parquet: {error}", hint="check that the file is whole", code="unreadable"
        ) from error
