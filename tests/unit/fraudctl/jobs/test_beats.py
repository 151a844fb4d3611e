"""How often the keeper looks, by what it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudctl.home.jobs import KeeperState, WantedLive
from fraudctl.home.typed_files import Damaged
from fraudctl.jobs.beats import LOOK_EVERY_S, STEADY_MS, beats
from fraudctl.waiting import Clock

AT_WORK = KeeperState(state="running", generation=3, submitted_ms=1_000)
WANTED = WantedLive(wanted="running", generation=3)


def looks(state: KeeperState, wanted: WantedLive = WANTED, at_ms: int = 1_001 + STEADY_MS) -> list[float]:
    """The moments, in beats from the start, of the first five looks."""
    passed_s: list[float] = []
    clock = Clock(now_s=lambda: 0.0, sleep=passed_s.append)
    found = beats(lambda: (state, wanted), lambda: at_ms, clock)
    return [len(passed_s) for _ in range(5) for _ in [next(found)]]


def test_a_job_that_runs_as_it_is_wanted_is_looked_at_at_every_other_beat() -> None:
    assert looks(AT_WORK) == [1, 3, 5, 7, 9]
    assert LOOK_EVERY_S == 0.5


@pytest.mark.parametrize(
    "other",
    [
        replace(AT_WORK, state="restarting"),
        replace(AT_WORK, last_error="a file cannot be read"),
        replace(AT_WORK, generation=2),
        replace(AT_WORK, submitted_ms=2_000),
    ],
    ids=["not running", "with an error", "wanted otherwise", "just submitted"],
)
def test_any_other_is_looked_at_at_each_beat(other: KeeperState) -> None:
    assert looks(other) == [0, 1, 2, 3, 4]


def test_while_what_is_wanted_cannot_be_read_each_beat_is_a_look() -> None:
    def damaged() -> tuple[KeeperState, WantedLive]:
        raise Damaged("live.json is damaged")

    passed_s: list[float] = []
    found = beats(damaged, lambda: 0, Clock(now_s=lambda: 0.0, sleep=passed_s.append))
    for _ in range(3):
        next(found)
    assert passed_s == [LOOK_EVERY_S] * 2
