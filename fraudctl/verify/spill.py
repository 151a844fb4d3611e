"""Rows in files by bucket, so that a comparison needs memory for one bucket only.

The same interpreter writes and reads within one run, hence `marshal`: quick, and enough for tuples
of text, numbers and bytes. Several writers may fill one folder at once: each has files of its own.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fraudctl.home.private_files import make_folder, open_private
from pipeline.records.decision_record import Identity

_HELD_ROWS = 20_000


class Spill:
    """One writer's rows. Use as a context manager: leaving it puts the last rows on disk."""

    def __init__(self, folder: Path, writer: str) -> None:
        make_folder(folder)
        self._folder = folder
        self._writer = writer
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._held = 0

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()

    def add(self, bucket: str, row: tuple[Any, ...]) -> None:
        self._rows.setdefault(bucket, []).append(row)
        self._held += 1
        if self._held >= _HELD_ROWS:
            self._flush()

    def _flush(self) -> None:
        for bucket, rows in self._rows.items():
            with open_private(self._folder / f"{bucket}.{self._writer}", "ab") as file:
                marshal.dump(rows, file)
        self._rows.clear()
        self._held = 0


def buckets(folder: Path) -> list[str]:
    """The names of the buckets that hold anything, sorted."""
    return sorted({file.name.partition(".")[0] for file in folder.glob("*.*")})


def rows(folder: Path, bucket: str) -> Iterator[tuple[Any, ...]]:
    """All rows of one bucket, of every writer; none if nothing was written."""
    for path in sorted(folder.glob(f"{bucket}.*")):
        with path.open("rb") as file:
            while True:
                try:
                    chunk = marshal.load(file)
                except EOFError:
                    break
                yield from chunk


def bucket_of(identity: Identity, count: int) -> str:
    """The bucket, one of `count`, in which everything about an event meets."""
    text = f"{identity[0]}\0{identity[1]}".encode("utf-8", "surrogatepass")
    return format(zlib.crc32(text) % count, "05d")
