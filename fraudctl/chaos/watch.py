"""Who falls behind how far while a fault is on, and when they have caught up: samples, once a second.

Behind is given in seconds of the run's own rate: records not yet written (or events not yet decided) divided
by events a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from fraudctl.engines import workers
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.traffic.scorecard import Scoreboard
from fraudctl.waiting import within
from pipeline.records.names import writer_group

EVERY_S = 1.0
CAUGHT_UP_S = 2.0
"""Whoever is less behind than that keeps up."""
DECISIONS = "decisions"


@dataclass(frozen=True, slots=True)
class Trail:
    """How far somebody was behind at worst, and how long after the end of the fault it was at last.

    `worst_s` is of the whole run, `during_s` of the time that the fault was on. `caught_up_s` is None for one
    that still was behind at the end, 0 for one that never was after the fault.
    """

    worst_s: float
    during_s: float
    caught_up_s: float | None

    def as_document(self) -> dict[str, object]:
        return {"worst_s": self.worst_s, "during_s": self.during_s, "caught_up_s": self.caught_up_s}


def behind(stack: Stack, sinks: list[str]) -> dict[str, int]:
    """Records of the decisions log that each sink has not committed."""
    topic = stack.profile.topics.decisions
    ends, begins = admin.end_offsets(stack.kafka, topic), admin.begin_offsets(stack.kafka, topic)
    found = {}
    for sink in sinks:
        done = admin.committed(stack.kafka, writer_group(sink), topic)
        found[sink] = sum(max(0, end - done.get(p, begins[p])) for p, end in ends.items())
    return found


class Watch(threading.Thread):
    """Samples until `end`. A broker that does not answer gives no sample of the sinks."""

    def __init__(self, stack: Stack, board: Scoreboard, rate: float) -> None:
        super().__init__(name="watch", daemon=True)
        self._stack, self._board, self._rate = stack, board, rate
        self._sinks = workers.sinks(stack)
        self._over = threading.Event()
        self._samples: dict[str, list[tuple[float, float]]] = {name: [] for name in (DECISIONS, *self._sinks)}

    def run(self) -> None:
        while not self._over.wait(EVERY_S):
            self._sample(DECISIONS, self._board.accepted - self._board.decided)
            with suppress(FraudctlError):
                for sink, records in behind(self._stack, self._sinks).items():
                    self._sample(sink, records)

    def end(self) -> None:
        self._over.set()
        self.join()

    def trails(self, began: float | None, ended: float | None) -> Mapping[str, Trail]:
        """Of the decisions and of every sink. The fault was on between these moments of the monotonic clock;
        None where it disturbed the traffic."""
        return {name: trail(samples, began, ended) for name, samples in self._samples.items()}

    def _sample(self, name: str, records: int) -> None:
        self._samples[name].append((time.monotonic(), max(0, records) / self._rate))


def trail(samples: list[tuple[float, float]], began: float | None, ended: float | None) -> Trail:
    """The trail of (moment, seconds behind), in order."""
    during_s = 0.0
    if began is not None and ended is not None:
        during_s = _worst([value for at, value in samples if began <= at <= ended])
    worst_s, late = _worst([value for _, value in samples]), [at for at, v in samples if v >= CAUGHT_UP_S]
    if ended is None or not late:
        return Trail(worst_s, during_s, 0.0)
    if samples[-1][1] >= CAUGHT_UP_S:
        return Trail(worst_s, during_s, None)
    next_at = next(at for at, _ in samples if at > late[-1])
    return Trail(worst_s, during_s, round(max(0.0, next_at - ended), 1))


def _worst(values: list[float]) -> float:
    return round(max(values, default=0.0), 2)


def await_quiet(stack: Stack, wait_s: float, tell: Callable[[int], None]) -> dict[str, int]:
    """Wait until no sink is behind; who still is after that time, with its records, empty when none is."""
    sinks = workers.sinks(stack)
    left: dict[str, int] = dict.fromkeys(sinks, 0)

    def quiet() -> bool:
        nonlocal left
        with suppress(FraudctlError):
            left = {sink: records for sink, records in behind(stack, sinks).items() if records}
            tell(sum(left.values()))
            return not left
        return False

    within(quiet, wait_s, EVERY_S)
    return left
