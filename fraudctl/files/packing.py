"""The bytes of a file, unpacked: gzip, zip with one member, zstd, bzip2, xz, told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shlex
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from fraudctl.errors import UsageError

STDIN = Path("-")
_BUFFER_BYTES = 1 << 18
_HEAD_BYTES = 10
_IN_MEMORY_BYTES = 1 << 24
_WHOLE = "check that the file is whole"
_SKIPPED = b"\x2a\x4d\x18"
_GZIP, _ZIP, _ZSTD, _BZIP2, _XZ = b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zX"
MOST_TIMES: Final = 200
MOST_BYTES: Final = 1 << 30
"""A packed file may hold so many times its own size, and in any case so much."""
_DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes; damage in the packing ends the command in words, wherever it shows."""
    try:
        with path.open("rb") as raw:
            head = raw.read(_HEAD_BYTES)
            raw.seek(0)
            with _unpacked(path, raw, head) as stream:
                yield stream if stream is raw else cast("BinaryIO", _Bounded(path, stream))
    except _DAMAGES as error:
        is_wide = "requires too much memory" in str(error)
        hint = f"unpack it first: zstd -d --long=31 {shlex.quote(str(path))}" if is_wide else _WHOLE
        raise UsageError(f"{path} cannot be read: {error}", hint=hint, code="unreadable") from error


def is_packed(path: Path) -> bool:
    """Whether the file's bytes are packed."""
    with path.open("rb") as raw:
        head = raw.read(_HEAD_BYTES)
    return head.startswith((_GZIP, b"PK", _XZ)) or _is_zstd(head) or _is_bzip2(head)


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
    elif head.startswith(_ZIP):
        with (
            zipfile.ZipFile(raw) as archive,
            archive.open(_only_member(path, archive)) as member,
            _once_more(path, member) as inner,
        ):
            yield inner
    elif _is_bzip2(head):
        yield cast("BinaryIO", io.BufferedReader(_Streams(raw, bz2.BZ2Decompressor)))
    elif head.startswith(_XZ):
        yield cast("BinaryIO", io.BufferedReader(_Streams(raw, lzma.LZMADecompressor)))
    elif _is_zstd(head):
        import pyarrow

        with pyarrow.CompressedInputStream(raw, "zstd") as stream:
            yield stream
    else:
        yield raw


def _is_zstd(head: bytes) -> bool:
    """Whether a frame begins it, or one to be skipped, with which programs begin that pack by parts."""
    return head.startswith(_ZSTD) or (head[1:4] == _SKIPPED and head[0] >> 4 == 5)


def _is_bzip2(head: bytes) -> bool:
    """Whether its mark and that of a first block, or of none, begin it: a column may be called BZh."""
    return head.startswith(_BZIP2) and head[4:_HEAD_BYTES] in (b"1AY&SY", b"\x17rE8P\x90")


class _Streams(io.RawIOBase):
    """What packed streams hold that follow each other; OSError where the last is cut, or anything but zeros
    follows it, which the library's own readers pass over."""

    def __init__(self, raw: BinaryIO, begin: Callable[[], Any]) -> None:
        self._raw, self._begin, self._stream = raw, begin, begin()
        self._left, self._is_fresh = b"", True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data and self._has_more():
            data = self._unpacked(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _has_more(self) -> bool:
        """Whether a stream goes on or another begins."""
        if self._stream.eof:
            self._left = self._stream.unused_data.lstrip(b"\0") or self._read().lstrip(b"\0")
            self._stream, self._is_fresh = self._begin(), True
        elif self._stream.needs_input:
            self._left = self._left or self._read()
        else:
            return True
        if not self._left and not self._is_fresh:
            raise EOFError("it ends within what is packed")
        return bool(self._left)

    def _read(self) -> bytes:
        return self._raw.read(_BUFFER_BYTES)

    def _unpacked(self, most: int) -> bytes:
        given, self._left, self._is_fresh = self._left, b"", False
        found: bytes = self._stream.decompress(given, most)
        return found


class _Bounded(io.RawIOBase):
    """What a packed file holds; UsageError once it is more than anybody packs who wants it to be read."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path, self._stream = path, stream
        self._left = max(MOST_BYTES, MOST_TIMES * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise UsageError(
                f"{self._path} holds more than {MOST_TIMES} times its own size",
                hint="unpack it first if that is what you want to read",
                code="too_large",
            )
        buffer[: len(data)] = data
        return len(data)


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
    if archive.infolist() and min(one.header_offset for one in archive.infolist()) > 0:
        raise UsageError(
            f"{path.name} holds more than one zip, one behind the other",
            hint="unpack them and name the files to read",
            code="several_files",
        )
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
