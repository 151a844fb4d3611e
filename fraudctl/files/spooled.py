"""Tuples of which there may be any number, in bounded memory: on disk, to be gone through again and again."""

from __future__ import annotations

import marshal
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any, Generic, TypeVar

_HELD = 4_096
"""Tuples in memory."""

_T = TypeVar("_T", bound=tuple[Any, ...])


class Spooled(Generic[_T]):
    """Takes tuples and gives them in the order in which they came. They hold only what `marshal` takes.

    `make` makes one of its plain form. Two are equal when all that they hold is.
    """

    def __init__(self, make: Callable[[tuple[Any, ...]], _T]) -> None:
        self._make = make
        self._files = ExitStack()
        weakref.finalize(self, self._files.close)
        self._file: IO[bytes] | None = None
        self._held: list[tuple[Any, ...]] = []
        self._written = 0

    def append(self, one: _T) -> None:
        """One more."""
        self._held.append(tuple(one))
        if len(self._held) == _HELD:
            self._write()

    def __len__(self) -> int:
        return self._written + len(self._held)

    def __iter__(self) -> Iterator[_T]:
        yield from map(self._make, self._stored())
        yield from map(self._make, self._held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spooled) and list(self) == list(other)

    def _stored(self) -> Iterator[tuple[Any, ...]]:
        """Those on disk; each part is read from its own place, since several may read by turns."""
        place, given = 0, 0
        while self._file is not None and given < self._written:
            self._file.seek(place)
            part = marshal.load(self._file)
            place = self._file.tell()
            given += len(part)
            yield from part

    def _write(self) -> None:
        if self._file is None:
            self._file = self._files.enter_context(_temporary())
        self._file.seek(0, os.SEEK_END)
        marshal.dump(self._held, self._file)
        self._written += len(self._held)
        self._held = []


@contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="fraudctl-") as file:
        yield file
