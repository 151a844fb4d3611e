"""Files that are of no format that is read here, told by their first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from fraudctl.errors import UsageError

_EXPORT = "export it as CSV, JSON lines or Parquet"
_UNPACK = "unpack it and name the file to read"
_MARKS = (
    (0, b"Obj\x01", "an Avro file", _EXPORT),
    (0, b"ORC", "an ORC file", _EXPORT),
    (0, b"ARROW1", "an Arrow (Feather) file", _EXPORT),
    (0, b"SQLite format 3\0", "a database of SQLite", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (0, b"\x89HDF", "an HDF5 file", _EXPORT),
    (0, b"\x80\x04\x95", "a pickle of Python", _EXPORT),
    (0, b"\x80\x05\x95", "a pickle of Python", _EXPORT),
    (0, b"PGDMP", "a dump of PostgreSQL", _EXPORT),
    (0, b"%PDF", "a PDF", _EXPORT),
    (0, b"<?xml", "XML", _EXPORT),
    (0, b"<!DOCTYPE", "a page of the web", _EXPORT),
    (0, b"<html", "a page of the web", _EXPORT),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"PK\x05\x06", "an empty zip", _UNPACK),
    (0, b"\x1f\x9d", "packed by compress", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "packed by lz4", _UNPACK),
    (0, b"]\0\0\x80\0", "packed by lzma", _UNPACK),
    (0, b"]\0\0\0\x04", "packed by lzma", _UNPACK),
    (0, b"\xff\x06\0\0sNaPpY", "packed by snappy", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
)
"""At which byte, what stands there, what the file is then, and what helps."""
_OF_LETTERS = (b"ORC", b"ARROW1", b"PGDMP", b"Rar!")
"""With these the name of a column may begin: ORCID."""
_UNPRINTED = re.compile(rb"[\0-\x08\x0e-\x1a]")


def refuse(path: Path, head: bytes) -> None:
    """UsageError for a file whose beginning, unpacked, is that of such a format."""
    plain = head.removeprefix(b"\xef\xbb\xbf")
    is_text = not _UNPRINTED.search(plain)
    for at, mark, what, hint in _MARKS:
        if plain[at:].startswith(mark) and not (is_text and mark in _OF_LETTERS):
            raise UsageError(f"{path.name} is {what}", hint=hint, code="foreign_format")
