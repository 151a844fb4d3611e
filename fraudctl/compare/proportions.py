"""Shares with their uncertainty: how far a count out of a total can be trusted.

Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", Journal of the American Statistical Association 22, 1927), which Brown, Cai and DasGupta
("Interval estimation for a binomial proportion", Statistical Science 16, 2001) recommend for small counts: it
never leaves 0 to 1 and does not shrink to nothing at 0 or all. It takes events to be independent, which the
events of one fraud case are not: read it as the least uncertainty there is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959963984540054
"""The standard normal quantile of 0.975."""


@dataclass(frozen=True, slots=True)
class Share:
    """`part` out of `whole`, with a 95 % interval. Everything is None where there is nothing to divide by."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The lower and the upper end."""
        if not self.whole:
            return None
        n, p, zz = self.whole, self.part / self.whole, Z_95 * Z_95
        centre = (p + zz / (2 * n)) / (1 + zz / n)
        half = Z_95 / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
        low = 0.0 if self.part == 0 else max(0.0, centre - half)
        high = 1.0 if self.part == self.whole else min(1.0, centre + half)
        return low, high

    def as_document(self) -> dict[str, object]:
        """part, whole, value, low, high; six digits."""
        low, high = self.interval or (None, None)
        return {
            "part": self.part,
            "whole": self.whole,
            "value": _rounded(self.value),
            "low": _rounded(low),
            "high": _rounded(high),
        }

    def __str__(self) -> str:
        if self.value is None or self.interval is None:
            return "-"
        low, high = self.interval
        return f"{_percent(self.value)} ({_percent(low)} to {_percent(high)})"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"
