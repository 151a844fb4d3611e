"""What is to be seen of a stack: figures asked of its exporter, or by the same looks where that is away."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from fraudctl.engines.workers import EXPORTER
from fraudctl.home.stack import Stack
from fraudctl.observe import looks
from fraudctl.observe.rounds import Rounds
from pipeline.metrics import asking
from pipeline.metrics.asking import Reading

TICKER = "ticker"


class Figures:
    """Values by the names of the catalogue. What is not known is not there."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_name: dict[str, list[tuple[dict[str, str], float]]] = {}
        for name, labels, value in readings:
            self._by_name.setdefault(name, []).append((dict(labels), value))

    def one(self, name: str, **where: str) -> float | None:
        """The sum of the values with these labels; None where there are none."""
        found = [value for labels, value in self._by_name.get(name, ()) if where.items() <= labels.items()]
        return sum(found) if found else None

    def by(self, label: str, name: str, **where: str) -> dict[str, float]:
        """The sums by one label, of the values with these."""
        sums: dict[str, float] = {}
        for labels, value in self._by_name.get(name, ()):
            if where.items() <= labels.items() and label in labels:
                sums[labels[label]] = sums.get(labels[label], 0.0) + value
        return sums


class Looker:
    """Looks at one stack, again and again."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._own = Rounds(looks.parts(stack))

    def look(self) -> Figures:
        """Everything as it is now; a look takes some seconds at most."""
        return Figures([*self._outside(), *self._told(TICKER)])

    def _outside(self) -> list[Reading]:
        """What decisions say is known to the exporter alone, who reads all of them."""
        return self._told(EXPORTER) or list(asking.of(self._own.look()))

    def _told(self, program: str) -> list[Reading]:
        port = self._stack.metrics_port(program)
        if port is not None:
            with suppress(OSError):
                return asking.ask(port)
        return []
