"""A user's own data: JSON lines, CSV or Parquet, plain or gzipped, read row by row into transactions.

Every row becomes either a transaction (with its label, if the file has one) or a refusal with a reason; a
row never vanishes. Amounts stay decimal text from the file to the wire, never a binary fraction on the
way, except where the file itself holds one (Parquet floats, read as their shortest decimal text). What
has no type in CSV gets one: the known text fields are text, a plain JSON number elsewhere is a number,
`true` and `false` are truth values, an empty cell is absent.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
    Transaction,
    decode,
    parse_time,
)

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_TEXT_FIELDS = frozenset(("event_id", "user_id", "event_time", *STRING_FIELDS))
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LOOSE = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]+)?")
_FRAUD = frozenset(("1", "1.0", "true", "fraud", "yes"))
_LEGIT = frozenset(("0", "0.0", "false", "legit", "no"))

Pairs = list[tuple[str, Any]]
"""The columns of a row in the file's order. Numbers are `Number`, so nothing is rounded."""

_Typed = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """How columns become fields: `fields` maps a field to its column, `label` names the label column."""

    fields: Mapping[str, str]
    label: str = "label"


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about an event as the file tells it; `time_ms` is when it became known, if the file says."""

    fraud: bool
    time_ms: int | None
    scenario: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is a transaction. `number` counts from 1 (in CSV the heading is line 1, the first row
    2)."""

    number: int
    transaction: Transaction
    label: Label | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that is none, with the code and the detail of the first reason found."""

    number: int
    code: str
    reason: str

    def as_document(self) -> dict[str, str | int]:
        """The refusal in reports and JSON."""
        return {"line": self.number, "code": self.code, "reason": self.reason}


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Fields to columns from texts `field=column`. UsageError when one is malformed or repeated."""
    fields: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not (field and equals and column) or field in fields or column in fields.values():
            raise UsageError(f"--map {pair}", hint="write --map field=column, each of them once")
        fields[field] = column
    return fields


def read_labels(path: Path, label: str = "label") -> Iterator[tuple[str | None, str, Label]]:
    """(user_id or None, event_id, label) of each row of a file of labels. UsageError at the first bad row.

    It has the columns event_id, the label, and optionally user_id and label_time.
    """
    rows, typed = _READERS[check_readable(path)]
    with opened(path) as stream:
        for number, pairs in rows(stream):
            try:
                if isinstance(pairs, Refusal):
                    raise pairs
                named = _renamed(pairs, Mapped({}, label))
                values = {name: typed(name, value) for name, value in named if value is not None}
                found = _label(values)
                if found is None or "event_id" not in values:
                    raise Refusal("missing_field", f"event_id and {label} are needed")
            except Refusal as refusal:
                raise UsageError(f"{path.name} line {number}: {refusal}", code="bad_label") from None
            user = values.get("user_id")
            yield None if user is None else str(user), str(values["event_id"]), found


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


def read(path: Path, mapped: Mapped, max_event_bytes: int) -> Iterator[Row | RefusedRow]:
    """Every row of the file in order. UsageError when the file cannot be read at all."""
    rows, typed = _READERS[check_readable(path)]
    with opened(path) as stream:
        for number, pairs in rows(stream):
            yield _row(number, pairs, mapped, typed, max_event_bytes)


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


def _row(
    number: int, pairs: Pairs | Refusal, mapped: Mapped, typed: _Typed, max_event_bytes: int
) -> Row | RefusedRow:
    try:
        if isinstance(pairs, Refusal):
            raise pairs
        named = [(name, typed(name, value)) for name, value in _renamed(pairs, mapped)]
        values = {name: value for name, value in named if value is not None}
        label = _label(values)
        transaction = decode(_encoded(named), max_event_bytes)
    except Refusal as refusal:
        return RefusedRow(number, refusal.code, str(refusal))
    return Row(number, transaction, label)


def _renamed(pairs: Pairs, mapped: Mapped) -> Pairs:
    """Columns under their fields' names. A column that is mapped gives way wherever it stood before."""
    wanted = {column: field for field, column in mapped.fields.items()}
    if mapped.label != "label":
        wanted[mapped.label] = "label"
    taken = set(wanted.values())
    return [(wanted.get(name, name), value) for name, value in pairs if name in wanted or name not in taken]


def _label(values: Mapping[str, Any]) -> Label | None:
    if "label" not in values:
        return None
    text = str(values["label"]).strip().lower()
    if text not in _FRAUD | _LEGIT:
        raise Refusal("bad_label", f"{text[:40]!r} is neither fraud (1, true) nor legit (0, false)")
    when, scenario = values.get("label_time"), values.get("scenario")
    try:
        time_ms = None if when is None else parse_time(when)
    except Refusal as refusal:
        raise Refusal("bad_label_time", refusal.detail) from None
    return Label(text in _FRAUD, time_ms, None if scenario is None else str(scenario))


def _encoded(pairs: Pairs) -> bytes:
    """The row as JSON without the columns that tell the truth about it; numbers as they were written."""
    members = (f"{json.dumps(name)}:{_literal(value)}" for name, value in pairs if name not in LABEL_FIELDS)
    return f"{{{','.join(members)}}}".encode()


def _literal(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, _Members):
        return f"{{{','.join(f'{json.dumps(name)}:{_literal(item)}' for name, item in value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_literal, value))}]"
    return json.dumps(value)


class _Members(list[tuple[str, Any]]):
    """A JSON object as its members, so that a repeated name stays visible."""


def _refuse_constant(name: str) -> Any:
    raise Refusal("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def json_lines(stream: BinaryIO) -> Iterator[tuple[int, Pairs | Refusal]]:
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


_READERS: Mapping[str, tuple[Callable[[BinaryIO], Iterator[tuple[int, Pairs | Refusal]]], _Typed]] = {
    "jsonl": (json_lines, _as_it_is),
    "csv": (_csv_rows, _typed_cell),
    "parquet": (_parquet_rows, _typed_value),
}
