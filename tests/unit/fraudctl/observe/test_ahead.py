"""Looks that are made before somebody asks: when, and that who asks then waits for nobody."""

from __future__ import annotations

import threading

from fraudctl.observe.ahead import LEAD_S, Ahead, Beat
from fraudctl.observe.rounds import Part, Rounds
from tests.waiting import await_that


def dues(*moments: float) -> list[list[float]]:
    beat = Beat()
    return [beat.asked(at_s) for at_s in moments]


def test_a_look_begins_a_little_before_the_next_question_of_an_even_beat() -> None:
    assert dues(100.0, 110.0, 120.0) == [[], [120.0 - LEAD_S], [130.0 - LEAD_S]]


def test_of_two_who_ask_in_beats_of_their_own_either_may_be_the_next() -> None:
    assert dues(100.0, 103.0, 110.0, 113.0)[-1] == [116.0 - LEAD_S, 120.0 - LEAD_S]


def test_who_asks_in_quick_succession_is_looked_for_at_once_and_who_asks_seldom_not_at_all() -> None:
    assert dues(100.0, 101.0) == [[], [101.0]]
    assert dues(100.0, 700.0, 1_300.0) == [[], [], []]


def test_a_look_follows_a_question_and_what_it_found_is_told_to_the_next() -> None:
    numbers = iter(range(10))
    ahead = Ahead(Rounds({"a": Part(lambda: next(numbers), lambda: -1)}, fresh_s=3_600.0), fresh_s=0.0)
    ahead.start()
    assert [ahead.look()[0], ahead.look()[0]] == [0, 0]
    await_that(lambda: ahead.look()[0] > 0, "a look that nobody waited for")


def test_a_question_is_answered_from_the_look_before_it_while_the_next_look_takes_its_time() -> None:
    going, numbers = threading.Event(), iter(range(10))

    def look() -> int:
        if number := next(numbers):
            going.wait(30)
        return number

    rounds = Rounds({"a": Part(look, lambda: -1)}, patience_s=10.0, fresh_s=3_600.0)
    assert rounds.look()[0] == 0
    renewing = threading.Thread(target=rounds.renew, args=(0.0,))
    renewing.start()
    assert rounds.look()[0] == 0
    going.set()
    renewing.join(30)
    await_that(lambda: rounds.look()[0] == 1, "the new look is told")
