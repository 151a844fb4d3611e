"""Sums, means and deviations of the numbers of a window, exact until the one rounding.

Knows numbers alone; which entries they are of says `features`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from pipeline.records.quantities import UNITS
from pipeline.rules.expression.tree import RawValue


def of_money(agg: str, units: Sequence[int]) -> RawValue | None:
    """An aggregate of amounts in units; sums, minima and maxima are money, the others in currency units."""
    match agg:
        case "sum":
            return sum(units)
        case "min" | "max":
            return None if not units else min(units) if agg == "min" else max(units)
        case "avg" | "mean_before":
            return sum(units) / (len(units) * UNITS) if units else None
        case _:
            return _deviation(units, UNITS)


def of_numbers(agg: str, numbers: Sequence[Fraction]) -> RawValue | None:
    """An aggregate of doubles, rounded once; None where no double holds it."""
    try:
        match agg:
            case "sum":
                return float(sum(numbers, Fraction()))
            case "min" | "max":
                return None if not numbers else float(min(numbers) if agg == "min" else max(numbers))
            case "avg" | "mean_before":
                return float(sum(numbers, Fraction()) / len(numbers)) if numbers else None
            case _:
                return _deviation(numbers, 1)
    except OverflowError:
        return None


def _deviation(numbers: Sequence[int] | Sequence[Fraction], units: int) -> float | None:
    n = len(numbers)
    if n < 2:
        return None
    total, squares = sum(numbers), sum(one * one for one in numbers)
    return math.sqrt((n * squares - total**2) / (n * (n - 1) * units**2))
