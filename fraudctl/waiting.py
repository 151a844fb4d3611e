"""Waiting for something to become true: how often it is asked, and what happens when it does not.

The clock is a value, so that a test of waiting takes no time.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

FIRST_S, LONGEST_S, GROWTH = 0.02, 0.25, 1.5


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds from any origin that never go back, and a way to let some pass."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


REAL = Clock()


def until(
    met: Callable[[], T | None],
    wait_s: float,
    error: Callable[[], Exception],
    every_s: float | None = None,
    clock: Clock = REAL,
) -> T:
    """Ask `met` until its answer is true, and give that answer; raise `error()` after `wait_s` seconds.

    It is asked every `every_s` seconds, or at growing intervals of 20 to 250 ms; once at least, and once more
    when the time is over.
    """
    if answer := within(met, wait_s, every_s, clock):
        return answer
    raise error()


def within(
    met: Callable[[], T | None], wait_s: float, every_s: float | None = None, clock: Clock = REAL
) -> T | None:
    """The same where being late is no failure: None after `wait_s` seconds."""
    deadline_s = clock.now_s() + wait_s
    for pause_s in _growing() if every_s is None else itertools.repeat(every_s):
        if answer := met():
            return answer
        left_s = deadline_s - clock.now_s()
        if left_s <= 0:
            return None
        clock.sleep(min(pause_s, left_s))
    raise AssertionError("pauses do not end")


def every(pause_s: float, clock: Clock = REAL) -> Iterator[None]:
    """Once at once, then again and again with that many seconds between; never ends by itself."""
    while True:
        yield
        clock.sleep(pause_s)


def _growing() -> Iterator[float]:
    pause_s = FIRST_S
    while True:
        yield pause_s
        pause_s = min(LONGEST_S, pause_s * GROWTH)
