"""Rows in the order of their time, in bounded memory: sorted runs on disk, merged."""

from __future__ import annotations

import marshal
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import IO, Any

RUN_ROWS = 100_000
"""Rows that are held in memory at most."""
RUN_BYTES = 64 * 1024 * 1024
"""Their size on disk at most, about."""
_MOST_RUNS = 200
_CHUNK_ROWS = 1_000
_WEIGHED_EACH = 8
"""One row of so many is weighed: all of them would cost as much as writing them."""
_BLOCK_ROWS = 256
_BLOCK_BYTES = 128 * 1024
"""What is read of a run at a time; rows of that size come one by one."""

Timed = tuple[Any, ...]
"""A tuple that begins with a time in milliseconds; beyond it only what `marshal` takes."""


@dataclass(slots=True)
class Order:
    """Takes note of the times of rows as they come. `moved` counts those that come after a newer one."""

    moved: int = 0
    newest_ms: int | None = None

    def note(self, time_ms: int) -> None:
        """One more row."""
        if self.newest_ms is not None and time_ms < self.newest_ms:
            self.moved += 1
        else:
            self.newest_ms = time_ms


@dataclass(slots=True)
class _Run:
    """Rows on disk, sorted, as blocks of these sizes; the times of the first and the last."""

    file: IO[bytes]
    sizes: list[int] = field(default_factory=list)
    oldest_ms: int = 0
    newest_ms: int = 0


def in_order(rows: Iterable[Timed], run_rows: int = RUN_ROWS) -> Iterator[Timed]:
    """The rows by time; those of equal time stay as they came.

    Holds `run_rows` of them in memory, fewer where they are large.
    """
    with ExitStack() as files:
        runs: list[_Run] = []
        coming, is_more = iter(rows), True
        while is_more:
            held, is_more = _taken(coming, run_rows)
            held.sort(key=_time)
            if is_more:
                runs.append(_written([held], files))
                held.clear()  # the next are taken before this list is forgotten
            if len(runs) >= _MOST_RUNS:
                runs = [_written(_merged(runs, []), files)]
        yield from chain.from_iterable(_merged(runs, held))


_time = itemgetter(0)


def _taken(rows: Iterator[Timed], run_rows: int) -> tuple[list[Timed], bool]:
    """The next rows, as many as memory takes; and whether it was memory that ended them."""
    taken: list[Timed] = []
    weight = turn = 0
    while len(taken) < run_rows and weight < RUN_BYTES:
        chunk = list(islice(rows, min(_CHUNK_ROWS, run_rows - len(taken))))
        if not chunk:
            return taken, False
        taken += chunk
        weight += _WEIGHED_EACH * len(marshal.dumps(chunk[turn % _WEIGHED_EACH :: _WEIGHED_EACH]))
        turn += 1
    return taken, True


def _merged(runs: list[_Run], held: list[Timed]) -> Iterator[list[Timed]]:
    """All rows, in lists that follow each other; runs of a file that is in order already do so themselves."""
    parts = [*map(_read, runs), iter([held] if held else [])]
    begins = [*(run.oldest_ms for run in runs[1:]), *map(_time, held[:1])]
    if all(run.newest_ms <= begin for run, begin in zip(runs, begins, strict=False)):
        return chain.from_iterable(parts)
    return _interleaved([_Part(blocks) for blocks in parts])


class _Part:
    """What is to come of one run: the rest of a block, then others."""

    def __init__(self, blocks: Iterator[list[Timed]]) -> None:
        self._blocks, self._rows, self._at = blocks, list[Timed](), 0

    def is_left(self) -> bool:
        """Whether there are rows; a block is read where none are held."""
        while self._at == len(self._rows):
            block = next(self._blocks, None)
            if block is None:
                return False
            self._rows, self._at = block, 0
        return True

    def newest_ms(self) -> int:
        """The last time of the block that is held: of later rows nothing is known yet."""
        newest_ms: int = _time(self._rows[-1])
        return newest_ms

    def until(self, time_ms: int, itself: bool) -> list[Timed]:
        """The held rows that are older than that time, with those of it or without."""
        find = bisect_right if itself else bisect_left
        begin, self._at = self._at, find(self._rows, time_ms, self._at, key=_time)
        return self._rows[begin : self._at]


def _interleaved(parts: list[_Part]) -> Iterator[list[Timed]]:
    """The rows of sorted parts, each time all up to where the first of the blocks that are held ends.

    Of one time the rows of an earlier part come first. So those of the time at which that block ends, of
    which it may have more, come from it and from parts before it, and from others later.
    """
    while parts := [part for part in parts if part.is_left()]:
        ends = [part.newest_ms() for part in parts]
        end_ms = min(ends)
        first = ends.index(end_ms)
        rows: list[Timed] = []
        for place, part in enumerate(parts):
            rows += part.until(end_ms, itself=place <= first)
        rows.sort(key=_time)
        yield rows


def _written(lists: Iterable[list[Timed]], files: ExitStack) -> _Run:
    run = _Run(files.enter_context(_temporary()))
    for rows in lists:
        if not run.sizes:
            run.oldest_ms = _time(rows[0])
        run.newest_ms = _time(rows[-1])
        for begin in range(0, len(rows), _BLOCK_ROWS):
            for block in _packed(rows[begin : begin + _BLOCK_ROWS]):
                run.file.write(block)
                run.sizes.append(len(block))
    return run


def _packed(rows: list[Timed]) -> Iterator[bytes]:
    """Rows as blocks of a bounded size; one that is larger is alone."""
    block = marshal.dumps(rows)
    if len(block) <= _BLOCK_BYTES or len(rows) == 1:
        yield block
        return
    half = len(rows) // 2
    yield from _packed(rows[:half])
    yield from _packed(rows[half:])


@contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="fraudctl-") as file:
        yield file


def _read(run: _Run) -> Iterator[list[Timed]]:
    run.file.seek(0)
    for size in run.sizes:
        yield marshal.loads(run.file.read(size))
    run.file.close()
