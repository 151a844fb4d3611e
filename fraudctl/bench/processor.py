"""Processor time of the TaskManagers while a job runs, by the decisions it made meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psutil

from fraudctl.engines import taskmanagers
from fraudctl.errors import NotRunning
from fraudctl.kafka import admin

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

SAMPLE_S = 0.5


class Sampler:
    """Notes, while a job runs, how many decisions there are and what processor time the TaskManagers took."""

    def __init__(self, stack: Stack, topic: str) -> None:
        self._stack = stack
        self._topic = topic
        self._processes = _processes(stack)
        self._samples: list[tuple[float, float, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def decided(self) -> int:
        """Decisions on the topic now."""
        return sum(admin.end_offsets(self._stack.kafka, self._topic).values())

    def cpu_us_per_event(self, after: int) -> float | None:
        """Processor time of each decision behind the first `after`; None when there were too few."""
        return slope([(cpu_s, decided) for _, cpu_s, decided in self._samples], after)

    def wall_us_per_event(self, after: int) -> float | None:
        """The same in time that passed."""
        return slope([(at_s, decided) for at_s, _, decided in self._samples], after)

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self._samples.append((time.monotonic(), self._cpu_s(), self.decided()))

    def _cpu_s(self) -> float:
        return float(sum(sum(one.cpu_times()[:2]) for one in self._processes))


def slope(samples: Sequence[tuple[float, int]], after: int) -> float | None:
    """Microseconds per decision in samples of (seconds, decisions), of those behind the first `after`."""
    behind = [sample for sample in samples if sample[1] >= after]
    # Samples behind the last decision would count idle time: of equal ones the first stands.
    last = next((sample for sample in behind if sample[1] == behind[-1][1]), None)
    if last is None or last[1] <= behind[0][1]:
        return None
    return round((last[0] - behind[0][0]) * 1e6 / (last[1] - behind[0][1]), 1)


def _processes(stack: Stack) -> list[psutil.Process]:
    pids = taskmanagers.running(stack).values()
    if not all(pids):
        raise NotRunning(
            "the TaskManagers of this stack are no processes of this machine",
            hint="measure a stack of the engine local",
        )
    return [psutil.Process(pid) for pid in pids]
