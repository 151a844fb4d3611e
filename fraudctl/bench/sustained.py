"""Whether a rate was sustained: no queue that grows, none that stands, before the job or before a store.

At a rate above what is borne the queue grows by the same share of every second, and so does the time an event
waits in it. One that has grown and stands shows as that time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

STANDING_MS: Final = 1_000.0
"""The median wait of a queue that stands."""
GROWTH: Final = 0.005
"""Seconds of waiting that a second adds: with more, two hundred seconds make a queue of a second."""
NOISE_MS: Final = 100.0
"""Growth that is no sign of anything, however short the run."""
STORE_S: Final = 10.0
"""A store is to have every decision after that."""
FINEST: Final = 1.1
"""A highest rate is found when the next one that is not borne is no more than so many times as high."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty for a rate that was sustained."""

    sustained: bool
    reason: str
    growth: float
    """Seconds of waiting that each second added."""


def judge(latencies_ms: Sequence[float], rate: float, stores: Mapping[str, float | None]) -> Verdict:
    """Of latencies in the order the events were due, and the seconds after which each store had caught up."""
    third = max(1, len(latencies_ms) // 3)
    first, last = median(latencies_ms[:third] or [0.0]), median(latencies_ms[-third:] or [0.0])
    grown_ms, passed_ms = last - first, 2 * third / rate * 1000
    growth = round(grown_ms / passed_ms, 4)
    return Verdict(not (why := _why(last, grown_ms, growth, stores)), why, growth)


def _why(last_ms: float, grown_ms: float, growth: float, stores: Mapping[str, float | None]) -> str:
    if grown_ms > NOISE_MS and growth > GROWTH:
        return f"the queue before the job grew by {growth:.1%} of the time: {last_ms / 1000:.1f} s at the end"
    if last_ms > STANDING_MS:
        return f"a queue of {last_ms / 1000:.1f} s stands before the job"
    for store, caught_up_s in sorted(stores.items()):
        if caught_up_s is None:
            return f"{store} had not caught up when the wait for it was over"
        if caught_up_s > STORE_S:
            return f"{store} was {caught_up_s:.0f} s behind at the end"
    return ""


def highest(bears: Callable[[float], bool], start: float) -> float:
    """The highest rate that is borne, to within a tenth; 0 when not even a fiftieth of `start` is.

    Doubles until one is not borne (or halves until one is), then takes the middle of the two.
    """
    low, high = 0.0, start
    while bears(high):
        low, high = high, high * 2
    while not low and high > start / 50:
        low, high = (high / 2, high) if bears(high / 2) else (0.0, high / 2)
    while low and high / low > FINEST:
        middle = (low + high) / 2
        low, high = (middle, high) if bears(middle) else (low, middle)
    return low
