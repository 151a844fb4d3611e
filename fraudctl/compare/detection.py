"""How well alerts match the truth: shares, money, and how soon a fraud case was seen.

Pure bookkeeping over scored events; knows neither files nor rule sets.

A *case* is all fraudulent events of one user. It is detected by the first of them that is flagged; the time
to detect counts from the first of them. The *lead* is how long before its label arrived the case was
detected. An event whose truth is None (no label, or one not yet known) counts for the alert rate only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fraudctl.compare.proportions import Share
from pipeline.records.quantities import amount_text

MONTH_MS: Final = 2_629_800_000
"""A twelfth of 365.25 days."""


@dataclass(frozen=True, slots=True)
class Outcome:
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


@dataclass(frozen=True, slots=True)
class Population:
    """What there is to find among the events: frauds, their value (units), the first of each user."""

    events: int
    frauds: int
    fraud_units: int
    began: Mapping[str, Outcome]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Population:
        """Counted once, for many measures."""
        frauds = [one for one in outcomes if one.fraud]
        return cls(len(outcomes), len(frauds), _value(frauds), first_by_user(frauds))


def measure(population: Population, alerts: Sequence[Outcome]) -> Measure:
    """Compare flagged events with the truth. Only positive amounts count as value."""
    caught = [one for one in alerts if one.fraud]
    judged = [one for one in alerts if one.fraud is not None]
    detected, began = first_by_user(caught), population.began
    return Measure(
        alerts=Share(len(alerts), population.events),
        precision=Share(len(caught), len(judged)),
        recall=Share(len(caught), population.frauds),
        caught_units=_value(caught),
        fraud_units=population.fraud_units,
        false_units=_value(one for one in judged if not one.fraud),
        cases=Share(len(detected), len(began)),
        detect_ms=tuple(sorted(one.at_ms - began[user].at_ms for user, one in detected.items())),
        lead_ms=tuple(
            sorted(one.label_ms - one.at_ms for one in detected.values() if one.label_ms is not None)
        ),
    )


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


def sweep(outcomes: Sequence[Outcome]) -> list[Level]:
    """Every threshold from 1 to 100."""
    counts = [[0, 0, 0] for _ in range(101)]
    for one in outcomes:
        column = 2 if one.fraud is None else int(one.fraud)
        counts[max(0, min(100, one.score))][column] += 1
    frauds = sum(count[1] for count in counts)
    months = months_of(outcomes)
    levels, legit, caught, unknown = [], 0, 0, 0
    for threshold in range(100, 0, -1):
        legit, caught, unknown = (
            sum(pair) for pair in zip((legit, caught, unknown), counts[threshold], strict=True)
        )
        alerts = legit + caught + unknown
        rate = alerts / months if months else None
        precision, recall = Share(caught, caught + legit), Share(caught, frauds)
        levels.append(Level(threshold, alerts, rate, precision, recall))
    return levels[::-1]


def within_budget(levels: Sequence[Level], per_month: float) -> Level | None:
    """The lowest threshold that gives at most so many alerts a month; None when not even 100 does."""
    fitting = [
        one for one in levels if one.alerts_per_month is not None and one.alerts_per_month <= per_month
    ]
    return fitting[0] if fitting else None


def months_of(outcomes: Sequence[Outcome]) -> float | None:
    """The months from the oldest to the newest event; None when there is no time between them."""
    if not outcomes:
        return None
    span = max(one.at_ms for one in outcomes) - min(one.at_ms for one in outcomes)
    return span / MONTH_MS if span else None


def first_by_user(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """The earliest event of each user."""
    first: dict[str, Outcome] = {}
    for one in outcomes:
        known = first.get(one.user_id)
        if known is None or one.at_ms < known.at_ms:
            first[one.user_id] = one
    return first


def rank(ordered: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile of sorted values."""
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)] if ordered else None


def _value(outcomes: Iterable[Outcome]) -> int:
    return sum(max(0, one.amount_units) for one in outcomes)
