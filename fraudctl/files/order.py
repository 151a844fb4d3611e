"""Rows in the order of their time, in bounded memory: sorted runs on disk, merged."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

RUN_ROWS = 100_000
"""Rows that are held in memory."""
_MOST_RUNS = 200

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


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows on disk, sorted, and the times of the first and the last."""

    file: IO[bytes]
    oldest_ms: int
    newest_ms: int


def in_order(rows: Iterable[Timed], run_rows: int = RUN_ROWS) -> Iterator[Timed]:
    """The rows by time; those of equal time stay as they came. Holds `run_rows` of them in memory."""
    with ExitStack() as files:
        runs: list[_Run] = []
        held: list[Timed] = []
        for row in rows:
            held.append(row)
            if len(held) >= run_rows:
                runs.append(_written(sorted(held, key=_time), files))
                held = []
            if len(runs) >= _MOST_RUNS:
                runs = [_written(_merged(runs, []), files)]
        held.sort(key=_time)
        yield from _merged(runs, held)


def _time(row: Timed) -> int:
    time_ms: int = row[0]
    return time_ms


def _merged(runs: list[_Run], held: list[Timed]) -> Iterator[Timed]:
    """All rows; runs of a file that is in order already follow each other."""
    parts = [*(_read(run.file) for run in runs), iter(held)]
    begins = [*(run.oldest_ms for run in runs[1:]), *(_time(row) for row in held[:1])]
    if all(run.newest_ms <= begin for run, begin in zip(runs, begins, strict=False)):
        return chain.from_iterable(parts)
    return heapq.merge(*parts, key=_time)


def _written(rows: Iterable[Timed], files: ExitStack) -> _Run:
    file = files.enter_context(_temporary())
    oldest_ms = newest_ms = None
    for row in rows:
        newest_ms = _time(row)
        oldest_ms = newest_ms if oldest_ms is None else oldest_ms
        marshal.dump(row, file)
    marshal.dump(None, file)
    return _Run(file, oldest_ms or 0, newest_ms or 0)


@contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="fraudctl-") as file:
        yield file


def _read(run: IO[bytes]) -> Iterator[Timed]:
    run.seek(0)
    while (row := marshal.load(run)) is not None:
        yield row
    run.close()
