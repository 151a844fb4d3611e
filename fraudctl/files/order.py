"""Rows in the order of their time, in bounded memory: sorted runs on disk, merged."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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


def in_order(rows: Iterable[Timed], run_rows: int = RUN_ROWS) -> Iterator[Timed]:
    """The rows by time; those of equal time stay as they came. Holds `run_rows` of them in memory."""
    with ExitStack() as files:
        runs: list[IO[bytes]] = []
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


def _merged(runs: list[IO[bytes]], held: list[Timed]) -> Iterator[Timed]:
    return heapq.merge(*map(_read, runs), held, key=_time)


def _written(rows: Iterable[Timed], files: ExitStack) -> IO[bytes]:
    run = files.enter_context(_temporary())
    for row in rows:
        marshal.dump(row, run)
    marshal.dump(None, run)
    return run


@contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="fraudctl-") as file:
        yield file


def _read(run: IO[bytes]) -> Iterator[Timed]:
    run.seek(0)
    while (row := marshal.load(run)) is not None:
        yield row
    run.close()
