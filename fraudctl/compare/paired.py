"""Two rule sets on the same events: what only one of them flags, and how far the differences can be trusted.

Pure bookkeeping over outcomes; knows neither files nor rule sets.

The interval of a difference is a percentile interval of the bootstrap over users (B. Efron and R. Tibshirani,
"An introduction to the bootstrap", 1993, chapter 13): users are drawn again, each with all of its events and
what both rule sets said of them. So it is paired, and the events of one fraud case, which stand and fall
together, count as one observation. The draws are the same in every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fraudctl.compare.detection import Outcome
from pipeline.records.quantities import UNITS

DRAWS: Final = 2_000
_SEED: Final = 7
_PERCENTILES: Final = (2.5, 97.5)
_EVENTS, _FRAUDS, _FRAUD_VALUE = range(3)
"""What is counted of a user; for each rule set follow alerts, judged alerts, frauds and value caught."""
_FIRST, _SECOND = slice(3, 7), slice(7, 11)


Flags = tuple[bool, bool]
"""Whether the first and the second rule set flag an event."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The second rule set's figure less the first's, with a 95 % interval; None where nothing can be said."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def as_document(self) -> dict[str, float | None]:
        """In JSON."""
        return {name: _rounded(getattr(self, name)) for name in ("value", "low", "high")}

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "-"
        value, low, high = (f"{100 * one:+.3g}" for one in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Flagged:
    """How many events of a kind both rule sets flag, only the first, only the second, and neither."""

    both: int
    only_first: int
    only_second: int
    neither: int


@dataclass(frozen=True, slots=True)
class Paired:
    """Two rule sets on the same events: `differences` by the figure's name, in shares from 0 to 1."""

    all: Flagged
    frauds: Flagged
    differences: dict[str, Difference]

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "events": _flagged_document(self.all),
            "frauds": _flagged_document(self.frauds),
            "difference": {name: one.as_document() for name, one in self.differences.items()},
            "interval": f"bootstrap over users, {DRAWS} draws, 95 %",
        }


def paired(first: Iterable[Outcome], second: Iterable[Outcome], first_from: int, second_from: int) -> Paired:
    """Compare outcomes of the same events in the same order; each rule set flags from its own score on."""
    every: Counter[Flags] = Counter()
    frauds: Counter[Flags] = Counter()
    users: dict[str, list[float]] = {}
    for one, other in zip(first, second, strict=True):
        flags = one.score >= first_from, other.score >= second_from
        every[flags] += 1
        if one.fraud:
            frauds[flags] += 1
        _count(users.setdefault(one.user_id, [0.0] * _SECOND.stop), one, flags)
    by_user = np.array(list(users.values())) if users else np.zeros((0, _SECOND.stop))
    return Paired(_flagged(every), _flagged(frauds), _differences(by_user))


def _flagged(counts: Counter[Flags]) -> Flagged:
    return Flagged(*(counts[cell] for cell in ((True, True), (True, False), (False, True), (False, False))))


def _flagged_document(found: Flagged) -> dict[str, int]:
    return {name: getattr(found, name) for name in Flagged.__slots__}


def _count(row: list[float], one: Outcome, flags: Flags) -> None:
    """Add an event to the counts of its user."""
    value = max(0, one.amount_units) / UNITS
    row[_EVENTS] += 1
    row[_FRAUDS] += one.fraud is True
    row[_FRAUD_VALUE] += value if one.fraud else 0.0
    for columns, is_flagged in zip((_FIRST, _SECOND), flags, strict=True):
        if is_flagged:
            caught = one.fraud is True
            more = 1, one.fraud is not None, caught, value * caught
            row[columns] = [held + added for held, added in zip(row[columns], more, strict=True)]


def _differences(by_user: NDArray[np.float64]) -> dict[str, Difference]:
    measured = _figures(by_user.sum(axis=0)[np.newaxis, :])
    users, rng = len(by_user), np.random.default_rng(_SEED)
    if users < 2:
        return {name: Difference(_number(values[0])) for name, values in measured.items()}
    draws = (np.bincount(rng.integers(0, users, users), minlength=users) for _ in range(DRAWS))
    drawn = _figures(np.stack([times @ by_user for times in draws]))
    return {name: _difference(values[0], drawn[name]) for name, values in measured.items()}


def _figures(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The differences of alert rate, precision, recall and share of the value caught, one of each row."""
    one, other = sums[:, _FIRST], sums[:, _SECOND]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "alert_rate": (other[:, 0] - one[:, 0]) / sums[:, _EVENTS],
            "precision": other[:, 2] / other[:, 1] - one[:, 2] / one[:, 1],
            "recall": (other[:, 2] - one[:, 2]) / sums[:, _FRAUDS],
            "value_caught": (other[:, 3] - one[:, 3]) / sums[:, _FRAUD_VALUE],
        }


def _difference(value: float, drawn: NDArray[np.float64]) -> Difference:
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        return Difference(None)
    low, high = np.percentile(known, _PERCENTILES)
    return Difference(float(value), float(low), float(high))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
