"""How well alerts match the truth: shares, money, and how soon a fraud case was seen.

Pure bookkeeping over scored events; knows neither files nor rule sets.

A *case* is all fraudulent events of one user. It is detected by the first of them that is flagged; the time
to detect counts from the first of them. The *lead* is how long before its label arrived the case was
detected. An event whose truth is None (no label, or one not yet known) counts for the alert rate only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraudctl.compare.proportions import Share
from pipeline.records.quantities import amount_text

MONTH_MS: Final = 2_629_800_000
"""A twelfth of 365.25 days."""


class Outcome(NamedTuple):
    """One scored event: when (ms), whose, how much (units), its score, the rules that fired, the truth."""

    at_ms: int
    user_id: str
    amount_units: int
    score: int
    rules: tuple[str, ...]
    fraud: bool | None
    label_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """What some way of flagging would have found. Times in milliseconds, amounts in units."""

    alerts: Share
    precision: Share
    recall: Share
    caught_units: int
    fraud_units: int
    false_units: int
    cases: Share
    detect_ms: tuple[int, ...]
    lead_ms: tuple[int, ...]

    def as_document(self) -> dict[str, object]:
        """The measure in JSON; medians and 90th percentiles by nearest rank."""
        return {
            "alerts": self.alerts.part,
            "alert_rate": self.alerts.as_document(),
            "precision": self.precision.as_document(),
            "recall": self.recall.as_document(),
            "value_caught": amount_text(self.caught_units),
            "value_of_fraud": amount_text(self.fraud_units),
            "value_of_false_alerts": amount_text(self.false_units),
            "cases": self.cases.as_document(),
            "time_to_detect_ms": {"p50": rank(self.detect_ms, 50), "p90": rank(self.detect_ms, 90)},
            "lead_over_label_ms": {"p50": rank(self.lead_ms, 50), "p90": rank(self.lead_ms, 90)},
        }


@dataclass(slots=True)
class Population:
    """What there is to find among the events: frauds, their value (units), when each user's first was."""

    events: int = 0
    frauds: int = 0
    fraud_units: int = 0
    began: dict[str, int] = field(default_factory=dict)

    def add(self, one: Outcome) -> None:
        """Count one event more."""
        self.events += 1
        if one.fraud:
            self.frauds += 1
            self.fraud_units += max(0, one.amount_units)
            self.began[one.user_id] = min(one.at_ms, self.began.get(one.user_id, one.at_ms))

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Population:
        """Counted once, for many measures."""
        counted = cls()
        for one in outcomes:
            counted.add(one)
        return counted


@dataclass(slots=True)
class Alerts:
    """Flagged events, counted as they come. Only positive amounts count as value (units).

    `first` has of each user whose fraud was flagged the first such event: its time and that of its label.
    """

    count: int = 0
    judged: int = 0
    caught: int = 0
    caught_units: int = 0
    false_units: int = 0
    first: dict[str, tuple[int, int | None]] = field(default_factory=dict)

    def add(self, one: Outcome) -> None:
        """Count one alert more."""
        self.count += 1
        if one.fraud is None:
            return
        self.judged += 1
        if not one.fraud:
            self.false_units += max(0, one.amount_units)
            return
        self.caught += 1
        self.caught_units += max(0, one.amount_units)
        known = self.first.get(one.user_id)
        if known is None or one.at_ms < known[0]:
            self.first[one.user_id] = one.at_ms, one.label_ms

    def measure(self, population: Population) -> Measure:
        """Beside all that there is to find."""
        began, detected = population.began, self.first
        return Measure(
            alerts=Share(self.count, population.events),
            precision=Share(self.caught, self.judged),
            recall=Share(self.caught, population.frauds),
            caught_units=self.caught_units,
            fraud_units=population.fraud_units,
            false_units=self.false_units,
            cases=Share(len(detected), len(began)),
            detect_ms=tuple(sorted(at_ms - began[user] for user, (at_ms, _) in detected.items())),
            lead_ms=tuple(
                sorted(known_ms - at_ms for at_ms, known_ms in detected.values() if known_ms is not None)
            ),
        )


def measure(population: Population, flagged: Iterable[Outcome]) -> Measure:
    """Compare flagged events with the truth."""
    alerts = Alerts()
    for one in flagged:
        alerts.add(one)
    return alerts.measure(population)


@dataclass(frozen=True, slots=True)
class Level:
    """What flagging from one score on would give."""

    threshold: int
    alerts: int
    alerts_per_month: float | None
    precision: Share
    recall: Share

    def as_document(self) -> dict[str, object]:
        """The level in JSON."""
        rate = None if self.alerts_per_month is None else round(self.alerts_per_month, 3)
        return {
            "threshold": self.threshold,
            "alerts": self.alerts,
            "alerts_per_month": rate,
            "precision": self.precision.as_document(),
            "recall": self.recall.as_document(),
        }


def within_budget(levels: Sequence[Level], per_month: float) -> Level | None:
    """The lowest threshold that gives at most so many alerts a month; None when not even 100 does."""
    fitting = [
        one for one in levels if one.alerts_per_month is not None and one.alerts_per_month <= per_month
    ]
    return fitting[0] if fitting else None


def rank(ordered: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile of sorted values."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)] if ordered else None
