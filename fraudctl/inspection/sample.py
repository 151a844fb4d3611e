"""A part of a large file that stands for it: its beginning, and whole lines from places all over it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fraudctl.files.packing import is_packed, opened
from fraudctl.files.parquet_table import write_part
from fraudctl.files.sources import hive_folders

WHOLE_BYTES = 8 << 20
"""Files up to that size are read whole."""
HEAD_BYTES = 4 << 20
PLACES = 8
PLACE_BYTES = 1 << 19
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """Files to look at. `is_part` says that they are not all there is."""

    paths: list[Path]
    is_part: bool


@contextmanager
def sampled(files: Sequence[Path], whole: bool = False) -> Iterator[Sample]:
    """The files themselves where they are small or wanted whole, else parts of them in a folder of ours."""
    chosen = list(files) if whole else _spread(files)
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        looked = [one if whole else _part(one, Path(folder, str(n))) for n, one in enumerate(chosen)]
        yield Sample(looked, looked != list(files))


def _spread(files: Sequence[Path]) -> list[Path]:
    """At most so many of them, evenly."""
    step = -(-len(files) // MOST_FILES)
    return list(files[::step])


def _part(path: Path, folder: Path) -> Path:
    """The file, or a part of it under the same name, below the folders whose names are columns."""
    if path.stat().st_size <= WHOLE_BYTES and not is_packed(path):
        return path
    below = folder.joinpath(*hive_folders(path))
    below.mkdir(parents=True)
    part = below / path.name
    with path.open("rb") as raw:
        head = raw.read(4)
    if head == b"PAR1":
        write_part(path, part)
    elif is_packed(path):
        _head_of_packed(path, part)
    else:
        _places(path, part)
    return part


def _head_of_packed(path: Path, part: Path) -> None:
    """The beginning; what is packed cannot be entered elsewhere."""
    with opened(path) as stream, part.open("wb") as out:
        data = stream.read(2 * HEAD_BYTES)
        if data.startswith(b"PAR1"):
            rest = iter(lambda: stream.read(1 << 20), b"")
            out.write(data)
            for chunk in rest:
                out.write(chunk)
            return
        out.write(_whole_lines(data) if len(data) == 2 * HEAD_BYTES else data)


def _places(path: Path, part: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as raw, part.open("wb") as out:
        head = raw.read(HEAD_BYTES)
        out.write(_whole_lines(head))
        if not _has_lines(head):
            return
        for place in range(1, PLACES + 1):
            raw.seek(max(HEAD_BYTES, (size - HEAD_BYTES) * place // PLACES + HEAD_BYTES - PLACE_BYTES))
            out.write(_inner_lines(raw))


def _has_lines(head: bytes) -> bool:
    """Whether a line by itself says something: no UTF-16, no JSON that goes over lines."""
    start = head[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return b"\0" not in head[:2_000] and b"\n" in head and not start.startswith((b"[", b"{\n", b"{\r\n"))


def _inner_lines(raw: BinaryIO) -> bytes:
    data = raw.read(PLACE_BYTES)
    return _whole_lines(data[data.find(b"\n") + 1 :])


def _whole_lines(data: bytes) -> bytes:
    end = data.rfind(b"\n\0") + 2 if b"\n\0" in data[:100_000] else data.rfind(b"\n") + 1
    return data[: end or len(data)]
