"""Outcomes counted as they come give what they would as a whole, and stay to be gone through."""

from __future__ import annotations

import random

from fraudctl.compare.detection import Outcome, Population, measure
from fraudctl.compare.tally import Tally

RULES = ("busy", "large", "silent")


def outcomes(count: int) -> list[Outcome]:
    chance = random.Random(count)
    found = []
    for number in range(count):
        rules = tuple(rule for rule in RULES[:2] if chance.random() < 0.2)
        fraud = chance.choice((None, True, False, False))
        score = 60 * len(rules) if len(rules) < 2 else 100
        label_ms = number + 50 if fraud else None
        found.append(
            Outcome(number, f"u{chance.randrange(40)}", number * 100 - 5_000, score, rules, fraud, label_ms)
        )
    return found


def test_a_tally_says_what_measures_of_all_outcomes_say() -> None:
    every = outcomes(700)
    tally = Tally(RULES, review=50)
    for one in every:
        tally.add(one)
    population = Population.of(every)
    assert tally.total() == measure(population, [one for one in every if one.score >= 50])
    assert tally.fired() == {
        rule: measure(population, [one for one in every if rule in one.rules]) for rule in RULES
    }
    alone = {rule: sum(one.rules == (rule,) for one in every) for rule in RULES}
    assert (tally.alone, tally.events) == (alone, 700)
    known = {None: "unknown", True: "fraud", False: "legit"}
    assert tally.labels == {
        name: sum(known[one.fraud] == name for one in every) for name in ("fraud", "legit", "unknown")
    }


def test_every_threshold_counts_what_lies_at_or_above_it() -> None:
    every = outcomes(300)
    tally = Tally(RULES, review=50)
    for one in every:
        tally.add(one)
    levels = tally.levels()
    assert [level.threshold for level in levels] == list(range(1, 101))
    for level in levels:
        above = [one for one in every if one.score >= level.threshold]
        caught = sum(one.fraud is True for one in above)
        assert (level.alerts, level.precision.part, level.recall.part) == (len(above), caught, caught)
        assert level.precision.whole == sum(one.fraud is not None for one in above)


def test_without_events_there_are_no_months() -> None:
    tally = Tally(RULES, review=50)
    assert tally.months is None
    tally.add(outcomes(1)[0])
    assert tally.months is None
