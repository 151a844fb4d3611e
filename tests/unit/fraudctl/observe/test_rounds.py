"""Looks at several parts at once: what fails or hangs is missing, and the rest is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from fraudctl.errors import Unhealthy
from fraudctl.observe import rounds
from fraudctl.observe.rounds import Part, Rounds


@pytest.fixture(autouse=True)
def always_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FRESH_S", 0.0)


def of(**looks: Callable[[], Any]) -> Rounds:
    return Rounds({name: Part(look, lambda: "unknown") for name, look in looks.items()}, patience_s=0.2)


def test_a_part_that_fails_is_unknown_and_counted_until_it_answers() -> None:
    answers = iter([Unhealthy("away"), "back"])

    def look() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    both = of(a=lambda: "a", b=look)
    assert both.look()[:-1] == ["a", "unknown"]
    assert both.look()[:-1] == ["a", "back"]
    assert both.figures.failures == {("a",): 0, ("b",): 1}
    assert both.figures.looks.keys() == {("a",), ("b",)}


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
    assert both._asked["b"].result(30) == "late"
    assert both.look()[:-1] == ["a", "late"]
    assert both.figures.failures == {("a",): 0, ("b",): 2}


def test_a_part_that_meets_a_surprise_is_unknown_and_the_others_are_there() -> None:
    def surprise() -> str:
        raise KeyError("never thought of")

    both = of(a=lambda: "a", b=surprise)
    assert both.look()[:-1] == ["a", "unknown"]
    assert both.figures.failures["b",] == 1


def test_who_asks_again_at_once_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FRESH_S", 3_600.0)
    numbers = iter(range(10))
    one = of(a=lambda: next(numbers))
    assert [one.look()[0], one.look()[0]] == [0, 0]
