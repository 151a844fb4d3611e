"""Refused rows as files of their own: to be mended, and read again with the options of the first time.

Each file lies under the name of that which it comes from, in folders that hold the same columns, and begins
as that does down to the end of its heading. Rows stand there as they were, but that rows of Parquet are
objects of JSON, one a line. Nothing in them is defused: they are data, not a sheet.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from fraudctl.errors import UsageError
from fraudctl.files.csv_table import CsvTable
from fraudctl.files.fields import TEXTS
from fraudctl.files.lines import LONGEST_BYTES
from fraudctl.files.making import RefusedRow
from fraudctl.files.parquet_table import plain
from fraudctl.files.sources import PACKED, hive_folders, is_named
from fraudctl.files.survey import Survey
from fraudctl.home.private_files import make_folder, open_private
from pipeline.records.quantities import Number

_NEW_LINES = bytes.maketrans(b"\r\n", b"  ")


class ToMend:
    """Takes refused rows, file by file, into a folder."""

    def __init__(self, folder: Path, surveys: Sequence[Survey]) -> None:
        self._folder = folder
        self._surveys = {str(one.path): one for one in surveys}
        self._first = str(surveys[0].path)
        self._places = dict(zip(self._surveys, _places(surveys), strict=True))
        self._rows = self._too_long = 0
        self._begun: set[str] = set()
        self._source: str | None = None
        self._open: BinaryIO | None = None

    def add(self, row: RefusedRow) -> None:
        """One more; one that no reader takes for its length is counted."""
        assert row.raw is not None, row
        if len(row.raw) > LONGEST_BYTES:
            self._too_long += 1
            return
        source = row.file or self._first
        self._rows += 1
        self._file(source).write(_form(self._surveys[source], row.raw) + b"\n")

    def close(self) -> None:
        """All have been added."""
        if self._open is not None:
            self._open.close()
        self._open = self._source = None

    def notes(self) -> list[str]:
        """How many rows are there, and how many are not."""
        found = [f"{self._rows} refused rows to be mended in {self._folder}"] if self._rows else []
        if self._too_long:
            found.append(f"{self._too_long} rows longer than {LONGEST_BYTES} bytes are not among them")
        return found

    def _file(self, source: str) -> BinaryIO:
        """The file for rows of that one; of many, one is open at a time."""
        if self._open is None or source != self._source:
            self.close()
            path = self._folder / self._places[source]
            make_folder(path.parent)
            self._open, self._source = open_private(path, "ab"), source
            if source not in self._begun:
                self._begun.add(source)
                self._open.writelines(_head(self._surveys[source]))
        return self._open


def check(folder: Path) -> None:
    """UsageError where something is there already, with which the rows would be read again."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"--to-mend {folder} is there already", hint="name a folder that is new or empty")


def as_json(one: Survey, values: Any) -> bytes:
    """A row of Parquet as an object; ids are texts, as they are for the reader."""
    assert one.table is not None
    texts = {name for name in one.table.columns if TEXTS.intersection(one.columns.fields_of(name))}
    members = (
        f"{_literal(name)}: {_literal(str(value) if name in texts and isinstance(value, Number) else value)}"
        for name, value in zip(one.table.columns, values, strict=True)
        if value is not None
    )
    return ("{" + ", ".join(members) + "}").encode("utf-8", "surrogateescape")


def _literal(value: object) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(str(k))}: {_literal(one)}" for k, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(plain(one)) for one in value) + "]"
    if isinstance(value, str | bool | None):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)


def _places(surveys: Sequence[Survey]) -> Iterator[Path]:
    """Where the rows of each file lie, no two in the same place."""
    taken: set[Path] = set()
    for one in surveys:
        name = _name(one)
        place, times = Path(*hive_folders(one.path), name), 1
        while place in taken:
            times += 1
            place = place.with_name(f"{times}-{name}")
        taken.add(place)
        yield place


def _name(one: Survey) -> str:
    """The name of a file, by which its format is known again."""
    plain_name = one.path.with_suffix("") if one.path.suffix.lower() in PACKED else one.path
    kind = "csv" if isinstance(one.table, CsvTable) else "jsonl"
    if plain_name.suffix == ".stdin":
        return f"stdin.{kind}"
    return plain_name.name if is_named(plain_name, kind) else f"{plain_name.stem}.{kind}"


def _head(one: Survey) -> Iterator[bytes]:
    """What stands before the first row, with the mark of UTF-8 where the file is in another encoding."""
    table, given = one.table, one.columns.options.encoding
    if (table.encoding if isinstance(table, CsvTable) else given or "utf-8") != "utf-8":
        yield codecs.BOM_UTF8
    if isinstance(table, CsvTable):
        for _, line, _, ends in table.head():
            yield line + b"\n" if ends else line


def _form(one: Survey, raw: bytes) -> bytes:
    """A row as its file has it. An object is one line, and below the list that it stands in."""
    if one.table is not None:
        return raw
    line, path = raw.translate(_NEW_LINES), one.columns.options.records
    if path is None:
        return line
    inner = b"[" + line + b"]"
    for name in reversed(path.split(".")):
        inner = b"{" + json.dumps(name).encode() + b": " + inner + b"}"
    return inner
