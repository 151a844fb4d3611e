"""Waiting in tests: for a condition and never for a time, and until what was ended is dead.

A deadline costs nothing but when a test fails, so they are long enough for a machine that is busy.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psutil

LONG_S = 180.0


def await_that(
    met: Callable[[], Any], what: str, wait_s: float = LONG_S, longest_pause_s: float = 0.25
) -> None:
    """Asks at growing intervals of 20 to 250 ms; an answer costs the others processor time.

    Without a pause where `met` itself waits.
    """
    deadline, pause_s = time.monotonic() + wait_s, min(0.02, longest_pause_s)
    while not met():
        assert time.monotonic() < deadline, f"not within {wait_s:g} s: {what}"
        time.sleep(pause_s)
        pause_s = min(longest_pause_s, pause_s * 1.5)


def await_none_left(
    left: Callable[[], Mapping[str, int]],
    what: str,
    wait_s: float = LONG_S,
    now_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Until nothing is left of anything; gives up once something has come no nearer for so long, however
    long the whole takes: a machine that is busy is slow, and not wrong."""
    least: dict[str, int] = {}
    since: dict[str, float] = {}
    while still := {name: count for name, count in left().items() if count}:
        for name, count in still.items():
            if count < least.get(name, count + 1):
                least[name], since[name] = count, now_s()
        stuck = [name for name in still if now_s() - since[name] > wait_s]
        assert not stuck, f"for {wait_s:g} s no nearer: {', '.join(stuck)}; {what}: {still}"
        sleep(0.25)


def family(root: int) -> list[psutil.Process]:
    """A process and all its descendants, the root first; empty when it has gone."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def is_dead(process: psutil.Process) -> bool:
    """Whether it does nothing any more; that its parent has not looked after it yet does not count."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def await_death(processes: Sequence[psutil.Process]) -> None:
    """Until the last of them is dead: a child may serve a connection when its parent has long gone."""
    await_that(lambda: all(map(is_dead, processes)), f"these are dead: {processes}")


def kill_family(root: int) -> None:
    """SIGKILL for a process and whatever it has started, as when the power goes; they are dead afterwards."""
    doomed = family(root)
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    await_death(doomed)
