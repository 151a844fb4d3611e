"""Looks shortly before the next question is expected, so that its answer waits for nobody.

Prometheus asks in an even beat, and two of them in two: so the next question is expected as long after the
last as that came after the one before, or that one after the one before it. Of one asker a look follows each
question, as where looks begin with it, and while nobody asks nobody looks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from itertools import pairwise
from typing import Any, Final

from fraudctl.observe.rounds import FRESH_S, Rounds

LEAD_S: Final = 1.5
"""How long before the question a look begins: it may take all of a look's patience."""
OLD_S: Final = 5.0
"""What was seen within that time is told. Who asks out of the beat, or after a pause, waits for a look."""
_SELDOM_S: Final = 120.0
"""Who asks more seldom is not expected."""


class Beat:
    """When to look next, of the moments at which questions came. In seconds of any clock."""

    def __init__(self) -> None:
        self._moments = deque[float](maxlen=3)

    def asked(self, at_s: float) -> list[float]:
        """When looks for the next question are due, in their order; none where none is expected."""
        self._moments.append(at_s)
        gaps = {later - earlier for earlier, later in pairwise(self._moments)}
        return sorted(at_s + max(0.0, gap - LEAD_S) for gap in gaps if gap <= _SELDOM_S)


class Ahead:
    """Has the figures of some rounds ready, once started; without that each question looks for itself."""

    def __init__(self, rounds: Rounds, fresh_s: float = FRESH_S) -> None:
        """A part that was seen within `fresh_s` is not looked at again."""
        self._rounds, self._beat, self._fresh_s = rounds, Beat(), fresh_s
        self._due: list[float] = []
        self._changed = threading.Condition()

    def start(self) -> None:
        """Look from now on, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="ahead", daemon=True).start()

    def look(self) -> list[Any]:
        """The figures of every part, and those of the looks."""
        began_s = time.monotonic()
        found = self._rounds.look()
        with self._changed:
            self._due = self._beat.asked(began_s)
            self._changed.notify()
        return found

    def _run(self) -> None:
        while True:
            self._await_due()
            self._rounds.renew(self._fresh_s)

    def _await_due(self) -> None:
        with self._changed:
            while (left_s := self._left_s()) is None or left_s > 0:
                self._changed.wait(left_s)
            del self._due[0]

    def _left_s(self) -> float | None:
        return self._due[0] - time.monotonic() if self._due else None
