"""Two rule sets on the same events: who flags what, and the intervals of the differences."""

from __future__ import annotations

import random

import pytest

from fraudctl.compare.detection import Outcome
from fraudctl.compare.paired import Flagged, paired


def outcome(number: int, score: int, fraud: bool | None = None, user: str | None = None) -> Outcome:
    return Outcome(number, user or f"u{number}", 100_000, score, (), fraud)


def test_events_are_told_apart_by_who_flags_them_and_differences_are_those_of_the_figures() -> None:
    truth = [True, True, True, False, False, None]
    first = [outcome(n, score, truth[n]) for n, score in enumerate((60, 60, 0, 60, 0, 0))]
    second = [outcome(n, score, truth[n]) for n, score in enumerate((45, 0, 45, 0, 0, 45))]
    found = paired(first, second, 50, 40)
    assert found.all == Flagged(both=1, only_first=2, only_second=2, neither=1)
    assert found.frauds == Flagged(both=1, only_first=1, only_second=1, neither=0)
    values = {name: one.value for name, one in found.differences.items()}
    assert values == {"alert_rate": 0, "precision": pytest.approx(1 / 3), "recall": 0, "value_caught": 0}


def test_a_rule_set_beside_itself_differs_by_nothing_and_certainly() -> None:
    rng = random.Random(1)
    events = [outcome(n, rng.choice((0, 60)), rng.random() < 0.3, f"u{n % 40}") for n in range(400)]
    found = paired(events, events, 50, 50)
    assert {(one.value, one.low, one.high) for one in found.differences.values()} == {(0.0, 0.0, 0.0)}
    assert paired(events, events, 50, 50) == found


@pytest.mark.slow
def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    """Users whose frauds are all caught or all missed: the second rule set catches a tenth of them more."""
    held = 0
    for seed in range(60):
        rng = random.Random(seed)
        first, second = [], []
        for user in range(120):
            luck = rng.random()
            for number in range(rng.choice((1, 2, 5))):
                first.append(outcome(number, 60 * (luck < 0.5), True, f"u{user}"))
                second.append(outcome(number, 60 * (luck < 0.6), True, f"u{user}"))
        recall = paired(first, second, 50, 50).differences["recall"]
        assert recall.low is not None
        assert recall.high is not None
        held += recall.low <= 0.1 <= recall.high
    assert held >= 52


def test_of_what_cannot_be_told_nothing_is_said() -> None:
    found = paired([outcome(0, 60)], [outcome(0, 0)], 50, 50)
    assert {name: (one.value, one.low) for name, one in found.differences.items()} == {
        "alert_rate": (-1.0, None),
        "precision": (None, None),
        "recall": (None, None),
        "value_caught": (None, None),
    }
