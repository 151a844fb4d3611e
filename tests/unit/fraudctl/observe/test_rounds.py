"""Looks at several parts at once: what fails or hangs is missing, and the rest is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fraudctl.errors import Unhealthy
from fraudctl.observe.rounds import Part, Rounds
from tests.waiting import await_that


def of(fresh_s: float = 0.0, **looks: Callable[[], Any]) -> Rounds:
    parts = {name: Part(look, lambda: "unknown") for name, look in looks.items()}
    return Rounds(parts, patience_s=0.2, fresh_s=fresh_s)


def test_a_part_that_fails_is_unknown_and_counted_until_it_answers() -> None:
    answers = iter([Unhealthy("away"), "back"])

    def look() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    both = of(a=lambda: "a", b=look)
    assert both.look()[:-1] == ["a", "unknown"]
    assert both.figures.ages.keys() == {("a",)}
    assert both.look()[:-1] == ["a", "back"]
    assert both.figures.failures == {("a",): 0, ("b",): 1}
    assert both.figures.looks.keys() == both.figures.ages.keys() == {("a",), ("b",)}


def test_a_part_that_hangs_is_not_asked_twice_and_holds_nobody_back() -> None:
    hanging, asked = threading.Event(), []

    def hang() -> str:
        asked.append(1)
        hanging.wait(30)
        return "late"

    both = of(a=lambda: "a", b=hang)
    assert both.look()[:-1] == ["a", "unknown"]
    assert both.look()[:-1] == ["a", "unknown"]
    assert len(asked) == 1
    hanging.set()
    await_that(lambda: both.look()[:-1] == ["a", "late"], "what hung has ended")
    assert both.figures.failures["a",] == 0
    assert both.figures.failures["b",] >= 2


def test_what_a_part_said_before_it_hung_is_told_no_longer_than_it_is_fresh() -> None:
    hanging, first = threading.Event(), iter(["said"])
    one = of(a=lambda: next(first, None) or hanging.wait(30))
    assert one.look()[0] == "said"
    await_that(lambda: one.look()[0] == "unknown", "it is missing rather than old")
    assert one.figures.ages == {}
    hanging.set()


def test_a_part_that_meets_a_surprise_is_unknown_and_the_others_are_there() -> None:
    def surprise() -> str:
        raise KeyError("never thought of")

    both = of(a=lambda: "a", b=surprise)
    assert both.look()[:-1] == ["a", "unknown"]
    assert both.figures.failures["b",] == 1


def test_who_asks_again_at_once_is_told_the_same() -> None:
    numbers = iter(range(10))
    one = of(fresh_s=3_600.0, a=lambda: next(numbers))
    assert [one.look()[0], one.look()[0]] == [0, 0]


def test_a_part_that_failed_is_not_asked_again_before_that_is_old() -> None:
    numbers = iter(range(10))

    def fail() -> str:
        raise Unhealthy(f"away, {next(numbers)}")

    one = of(fresh_s=3_600.0, a=fail)
    assert [one.look()[0], one.look()[0]] == ["unknown", "unknown"]
    assert next(numbers) == 1
    assert one.figures.failures == {("a",): 1}
