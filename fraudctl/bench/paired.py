"""What pairs of runs say of a ratio, and how sure of it they are. Knows nothing of what was measured.

A machine drifts: it compiles, warms and is used by others. Two runs that follow each other share most of
that, so each pair gives a ratio of its own, and how far those differ tells what chance does.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

_STUDENT: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
)
"""Student's t for 95 % on both sides, by degrees of freedom from 1; beyond the last it is hardly less."""


class RatioDocument(TypedDict):
    """A `Ratio` in JSON."""

    middle: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """The geometric mean of the pairs' ratios.

    It lies between `low` and `high` with 95 % certainty, as far as the ratios' logarithms are normal; a
    single pair has no bounds.
    """

    middle: float
    low: float | None = None
    high: float | None = None

    def as_document(self) -> RatioDocument:
        return {"middle": self.middle, "low": self.low, "high": self.high}

    def differs(self, share: float) -> bool | None:
        """Whether by more than that share, up or down; None where these pairs cannot tell."""
        if self.low is None or self.high is None:
            return None
        if 1 - share < self.low and self.high < 1 + share:
            return False
        return True if self.high < 1 - share or self.low > 1 + share else None

    def __str__(self) -> str:
        bounds = "" if self.low is None else f" ({self.low:.3f} to {self.high:.3f})"
        return f"{self.middle:.3f}{bounds}"


def mirrored(pairs: int) -> list[int]:
    """Whose turn it is, 0 for the first of the two and 1 for the second: neither is always the later."""
    return [turn for pair in range(pairs) for turn in ((0, 1) if pair % 2 == 0 else (1, 0))]


def ratio(first: Sequence[float | None], second: Sequence[float | None]) -> Ratio | None:
    """The second by the first, pair by pair; None where no pair has both figures."""
    both = [(a, b) for a, b in zip(first, second, strict=True) if a and b]
    if not both:
        return None
    logs = [math.log(b / a) for a, b in both]
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return Ratio(round(math.exp(mean), 4))
    t = _STUDENT[min(len(logs) - 1, len(_STUDENT)) - 1]
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(*(round(math.exp(mean + one), 4) for one in (0.0, -half, half)))
