"""The bytes of a file, unpacked: gzip, zip with one member, zstd, bzip2, xz, told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from fraudctl.errors import UsageError

STDIN = Path("-")
_BUFFER_BYTES = 1 << 18
_IN_MEMORY_BYTES = 1 << 24
_GZIP, _ZIP, _ZSTD, _BZIP2, _XZ = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zX"
_DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes; damage in the packing ends the command in words, wherever it shows."""
    try:
        with path.open("rb") as raw:
            head = raw.read(4)
            raw.seek(0)
            with _unpacked(path, raw, head) as stream:
                yield stream
    except _DAMAGES as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="check that the file is whole", code="unreadable"
        ) from error


def is_packed(path: Path) -> bool:
    """Whether the file's bytes are packed."""
    with path.open("rb") as raw:
        return raw.read(4).startswith((_GZIP, b"PK", _ZSTD, _BZIP2, _XZ))


@contextmanager
def seekable(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes where one may read from any place: packed ones lie unpacked on disk meanwhile."""
    with opened(path) as stream:
        if isinstance(stream, io.BufferedReader):
            yield stream
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            shutil.copyfileobj(stream, spool, _BUFFER_BYTES)
            spool.seek(0)
            yield cast("BinaryIO", spool)


@contextmanager
def standard_input() -> Iterator[Path]:
    """What comes on standard input, as a file that can be read as often as needed."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        kept = Path(folder, "input.stdin")
        with kept.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, _BUFFER_BYTES)
        yield kept


@contextmanager
def _unpacked(path: Path, raw: io.BufferedReader, head: bytes) -> Iterator[BinaryIO]:
    if head.startswith(_GZIP):
        with gzip.open(raw, "rb") as unpacked, _once_more(path, unpacked) as inner:
            yield inner
    elif head == _ZIP:
        with (
            zipfile.ZipFile(raw) as archive,
            archive.open(_only_member(path, archive)) as member,
            _once_more(path, member) as inner,
        ):
            yield inner
    elif head.startswith(_BZIP2):
        with bz2.open(raw, "rb") as by_bzip2:
            yield cast("BinaryIO", by_bzip2)
    elif head == _XZ:
        with lzma.open(raw, "rb") as by_xz:
            yield cast("BinaryIO", by_xz)
    elif head == _ZSTD:
        import pyarrow

        with pyarrow.CompressedInputStream(raw, "zstd") as stream:
            yield stream
    else:
        yield raw


@contextmanager
def _once_more(path: Path, unpacked: Any) -> Iterator[BinaryIO]:
    """What was packed by gzip a second time, as web servers do and zips of such files are."""
    head = unpacked.peek(4)[:4]
    if head.startswith(_GZIP):
        with gzip.open(unpacked, "rb") as inner:
            yield cast("BinaryIO", inner)
    elif head in (_ZIP, _ZSTD):
        raise UsageError(f"{path.name} is packed twice", hint="unpack it once", code="unreadable")
    else:
        yield unpacked


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and "__MACOSX" not in one.filename]
    names = [one.filename for one in members]
    if "[Content_Types].xml" in names:
        raise UsageError(
            f"{path.name} is an Excel workbook", hint="save the sheet as CSV", code="unknown_format"
        )
    if len(members) != 1:
        raise UsageError(
            f"{path.name} is a zip of {len(members)} files: {', '.join(names[:5])}",
            hint="unpack it and name the file to read",
            code="several_files",
        )
    if members[0].flag_bits & 1:
        raise UsageError(f"{path.name} is locked with a password", hint="unpack it", code="unreadable")
    return members[0]
