"""How long to wait before trying again: exponential, with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from random import random


class Backoff:
    """Delays in seconds, each drawn evenly from zero to a bound that doubles up to `cap_s`."""

    def __init__(self, first_s: float = 0.1, cap_s: float = 5.0, draw: Callable[[], float] = random) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._draw = draw
        self._failures = 0

    def next_s(self) -> float:
        """The delay after one more failure."""
        bound: float = min(self._cap_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return bound * self._draw()

    def reset(self) -> None:
        """Something worked: begin small again."""
        self._failures = 0
