"""Files of rows: JSON lines, CSV or Parquet, plain or gzipped, read as columns and values.

Amounts stay decimal text from the file to the wire, never a binary fraction on the way, except where the
file itself holds one (Parquet floats, read as their shortest decimal text). What has no type in CSV gets
one: the known text fields are text, a plain JSON number elsewhere is a number, `true` and `false` are truth
values, an empty cell is absent.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from fraudctl.errors import UsageError
from pipeline.records.events import (
    LABEL_FIELDS,
    STRING_FIELDS,
    Number,
    Refusal,
)

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_TEXT_FIELDS = frozenset(("event_id", "user_id", "event_time", *STRING_FIELDS))
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LOOSE = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]+)?")

Pairs = list[tuple[str, Any]]
"""The columns of a row in the file's order. Numbers are `Number`, so nothing is rounded."""

Typed = Callable[[str, Any], Any]


def kind_of(path: Path) -> str:
    """jsonl, csv or parquet, by the file's name (a further .gz aside). UsageError for anything else."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    kind = _SUFFIXES.get(plain.suffix.lower())
    if kind is None:
        raise UsageError(
            f"{path.name}: neither JSON lines, CSV nor Parquet by its name",
            hint=f"name it with one of {', '.join(sorted(_SUFFIXES))}, or one of these and .gz",
            code="unknown_format",
        )
    return kind


def check_readable(path: Path) -> str:
    """The file's kind; UsageError when there is no such file or its name says nothing of its kind."""
    if not path.is_file():
        raise UsageError(f"{path} is not a file", hint="give the path of a file to read", code="no_file")
    return kind_of(path)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked by its first two bytes; damage in the packing ends the command in words."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw, "rb") as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="check that the file is whole", code="unreadable"
        ) from error


def literal(value: Any) -> str:
    """A value as JSON, its numbers as they were written and repeated names kept."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, _Members):
        return f"{{{','.join(f'{json.dumps(name)}:{literal(item)}' for name, item in value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(literal, value))}]"
    return json.dumps(value)


class _Members(list[tuple[str, Any]]):
    """A JSON object as its members, so that a repeated name stays visible."""


def _refuse_constant(name: str) -> Any:
    raise Refusal("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def json_lines(stream: BinaryIO) -> Iterator[tuple[int, Pairs | Refusal]]:
    """Each line that is not blank, counted from 1."""
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield number, _json_pairs(line)


def _json_pairs(line: bytes) -> Pairs | Refusal:
    try:
        members = _DECODER.decode(line.decode("utf-8"))
    except Refusal as refusal:
        return refusal
    except UnicodeDecodeError as error:
        return Refusal("invalid_utf8", f"byte {error.start}")
    except (ValueError, RecursionError) as error:
        return Refusal("invalid_json", str(error))
    if not isinstance(members, _Members):
        return Refusal("not_an_object", "the line is not a JSON object")
    return members


def _csv_rows(stream: BinaryIO) -> Iterator[tuple[int, Pairs | Refusal]]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _csv_records(text)
    finally:
        text.detach()


def _csv_records(text: io.TextIOWrapper) -> Iterator[tuple[int, Pairs | Refusal]]:
    reader = csv.reader(text, strict=True)
    columns: list[str] | None = None
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield first, Refusal("invalid_csv", str(error))
            continue
        if columns is None:
            columns = [name.strip() for name in cells]
        elif cells:
            yield first, _csv_pairs(columns, cells)


def _csv_pairs(columns: list[str], cells: list[str]) -> Pairs | Refusal:
    if len(cells) != len(columns):
        return Refusal("invalid_csv", f"{len(cells)} cells under {len(columns)} columns")
    if any("\udc80" <= c <= "\udcff" for cell in cells for c in cell):
        return Refusal("invalid_utf8", "a cell is not UTF-8")
    return [(name, cell) for name, cell in zip(columns, cells, strict=True) if cell != ""]


def _typed_cell(name: str, text: Any) -> Any:
    """A CSV cell under the name of its field."""
    if name == "amount":
        return Number(_tidy(text))
    if name in LABEL_FIELDS or (name in _TEXT_FIELDS and not (name == "event_time" and text.isdigit())):
        return text
    if _NUMBER.fullmatch(text):
        return Number(text)
    return {"true": True, "false": False}.get(text, text)


def _tidy(text: str) -> str:
    """An amount as CSV writes it (spaces, +5, .5, 007) as a JSON number; anything else raises Refusal."""
    found = _LOOSE.fullmatch(text.strip())
    if found is None:
        raise Refusal("bad_amount", f"{text[:40]!r} is not a decimal number")
    sign, whole, fraction, exponent = found.groups(default="")
    return f"{sign.strip('+')}{whole.lstrip('0') or '0'}{f'.{fraction}' if fraction else ''}{exponent}"


def _parquet_rows(stream: BinaryIO) -> Iterator[tuple[int, Pairs | Refusal]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        source = pyarrow.BufferReader(stream.read()) if isinstance(stream, gzip.GzipFile) else stream
        for batch in pyarrow.parquet.ParquetFile(source).iter_batches(batch_size=5_000):
            for record in batch.to_pylist():
                number += 1
                yield number, list(record.items())
    except pyarrow.ArrowException as error:
        raise UsageError(
            f"not Parquet: {error}", hint="check that the file is whole", code="unreadable"
        ) from error


def _typed_value(name: str, value: Any) -> Any:
    """A Parquet value as JSON has it: numbers exact, times with their zone, numeric ids as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, int | float | Decimal):
        is_text = name in _TEXT_FIELDS and name != "event_time"
        text = format(value, "f") if isinstance(value, Decimal) else repr(value)
        return text if is_text else Number(text)
    return value if isinstance(value, str | list | dict) else str(value)


def _as_it_is(name: str, value: Any) -> Any:
    return value


READERS: Mapping[str, tuple[Callable[[BinaryIO], Iterator[tuple[int, Pairs | Refusal]]], Typed]] = {
    "jsonl": (json_lines, _as_it_is),
    "csv": (_csv_rows, _typed_cell),
    "parquet": (_parquet_rows, _typed_value),
}
