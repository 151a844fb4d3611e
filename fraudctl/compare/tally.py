"""All that a backtest says of its outcomes, counted as they come; only cases grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from fraudctl.compare.detection import MONTH_MS, Alerts, Level, Measure, Outcome, Population
from fraudctl.compare.proportions import Share
from pipeline.scoring.scorer import MAX_SCORE

_UNKNOWN = 2
"""The column of events of which nothing is known, behind those of legit and of fraud."""


class Tally:
    """Counts outcomes for a rule set of these rules that flags from the score `review` on."""

    def __init__(self, rules: Iterable[str], review: int) -> None:
        self._review = review
        self._population = Population()
        self._flagged = Alerts()
        self._fired = {name: Alerts() for name in rules}
        self.alone = dict.fromkeys(self._fired, 0)
        """alerts of which a rule is the only one that fired"""
        self._scores = [[0, 0, 0] for _ in range(MAX_SCORE + 1)]
        self._oldest_ms: int | None = None
        self._newest_ms: int | None = None

    def add(self, one: Outcome) -> None:
        """Count one event more; they come in the order of their times."""
        if self._oldest_ms is None:
            self._oldest_ms = one.at_ms
        self._newest_ms = one.at_ms
        self._population.add(one)
        self._scores[one.score][_UNKNOWN if one.fraud is None else int(one.fraud)] += 1
        for name in one.rules:
            self._fired[name].add(one)
        if one.score >= self._review:
            self._flagged.add(one)
            if len(one.rules) == 1:
                self.alone[one.rules[0]] += 1

    @property
    def events(self) -> int:
        """How many there were."""
        return self._population.events

    @property
    def labels(self) -> dict[str, int]:
        """Events by what is known of them."""
        legit, fraud, unknown = (sum(column) for column in zip(*self._scores, strict=True))
        return {"fraud": fraud, "legit": legit, "unknown": unknown}

    @property
    def months(self) -> float | None:
        """The months from the oldest to the newest event; None when there is no time between them."""
        if self._oldest_ms is None or self._newest_ms is None:
            return None
        span = self._newest_ms - self._oldest_ms
        return span / MONTH_MS if span else None

    def total(self) -> Measure:
        """What the rule set flags."""
        return self._flagged.measure(self._population)

    def fired(self) -> dict[str, Measure]:
        """What each rule alone fires on."""
        return {name: alerts.measure(self._population) for name, alerts in self._fired.items()}

    def levels(self) -> list[Level]:
        """Every threshold from 1 to 100."""
        above = list(accumulate(reversed(self._scores[1:]), _sums))
        return [self._level(threshold, above[MAX_SCORE - threshold]) for threshold in range(1, MAX_SCORE + 1)]

    def _level(self, threshold: int, counts: Sequence[int]) -> Level:
        legit, caught, unknown = counts
        alerts, months = legit + caught + unknown, self.months
        rate = alerts / months if months else None
        recall = Share(caught, self._population.frauds)
        return Level(threshold, alerts, rate, Share(caught, caught + legit), recall)


def _sums(some: Sequence[int], more: Sequence[int]) -> list[int]:
    return [one + other for one, other in zip(some, more, strict=True)]
