"""How often a condition is asked, and what comes of one that is never met, by a clock of its own."""

from __future__ import annotations

import itertools
import time

import pytest

from fraudctl import waiting
from fraudctl.errors import Failed
from fraudctl.waiting import Clock


class Ticking:
    """A clock on which time passes only while somebody sleeps; `slept` are the pauses."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now_s += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, self.sleep)


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


def too_late() -> Failed:
    return Failed("too late")


def test_waiting_ends_as_soon_as_the_condition_is_met(ticking: Ticking) -> None:
    answers = iter([False, False, True])
    waiting.until(lambda: next(answers), 5.0, too_late, clock=ticking.clock)
    assert next(answers, "all asked") == "all asked"
    assert ticking.slept == [0.02, 0.03]


def test_waiting_in_vain_raises_the_given_error() -> None:
    with pytest.raises(Failed, match="too late"):
        waiting.until(lambda: False, 0.05, lambda: Failed("too late"))


def test_what_was_waited_for_is_given(ticking: Ticking) -> None:
    answers = iter([None, "job"])
    assert waiting.until(lambda: next(answers), 5.0, too_late, clock=ticking.clock) == "job"


def test_intervals_grow_to_a_quarter_of_a_second_and_the_last_ends_with_the_time(ticking: Ticking) -> None:
    asked = itertools.count()
    assert waiting.within(lambda: next(asked) < 0, 1.0, clock=ticking.clock) is None
    assert ticking.slept == [0.02, 0.03, 0.045, 0.068, 0.101, 0.152, 0.228, 0.25, 0.107]
    assert (next(asked), ticking.now_s) == (10, pytest.approx(101.0))


def test_a_named_interval_stays_the_same(ticking: Ticking) -> None:
    assert waiting.within(lambda: False, 0.5, 0.2, ticking.clock) is None
    assert ticking.slept == [0.2, 0.2, 0.1]


def test_without_any_time_the_condition_is_asked_once(ticking: Ticking) -> None:
    asked = itertools.count()
    with pytest.raises(Failed, match="too late"):
        waiting.until(lambda: next(asked) < 0, 0, too_late, clock=ticking.clock)
    assert (next(asked), ticking.slept) == (1, [])


def test_an_error_of_the_condition_ends_the_wait(ticking: Ticking) -> None:
    def broken() -> bool:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        waiting.until(broken, 5.0, too_late, clock=ticking.clock)
    assert ticking.slept == []


def test_again_and_again_begins_at_once_and_pauses_between(ticking: Ticking) -> None:
    assert list(itertools.islice(waiting.every(0.5, ticking.clock), 3)) == [None] * 3
    assert ticking.slept == [0.5, 0.5]


def test_the_clock_is_the_real_one_unless_another_is_named() -> None:
    began = time.monotonic()
    waiting.within(lambda: False, 0.03)
    assert time.monotonic() - began >= 0.03
