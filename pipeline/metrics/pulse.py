"""What a process tells who probes it: that it goes on, and what keeps it from its work.

Alive is not the same as ready. A writer whose store is away goes on and waits: to start it anew would help
nobody, and yet nothing is to count on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 120.0
"""How long one turn of the work may take: longer than any client of a store or of Kafka waits."""


class Pulse:
    """Beats at each turn of a process's work. Written by one thread, read by those that answer probes."""

    def __init__(self, patience_s: float = PATIENCE_S, now_s: Callable[[], float] = time.monotonic) -> None:
        self._patience_s, self._now_s = patience_s, now_s
        self._last_s = now_s()
        self._hindrance = "it has just begun"

    def beat(self, hindrance: str = "") -> None:
        """A turn is done. `hindrance` is what keeps the process from its work, empty where nothing does."""
        self._last_s, self._hindrance = self._now_s(), hindrance

    def unwell(self) -> str:
        """Why the process should be started anew, empty while it goes on."""
        silent_s = self._now_s() - self._last_s
        return f"no turn was done for {silent_s:.0f} s" if silent_s > self._patience_s else ""

    def unready(self) -> str:
        """Why nothing should count on the process now, empty where it does its work."""
        return self.unwell() or self._hindrance
