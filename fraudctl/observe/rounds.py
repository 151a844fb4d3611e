"""Looks at several parts at once when somebody asks, each within a time; what is late is left out.

A part that hangs delays no answer by more than `PATIENCE_S`, is not asked again before it has ended, and its
figures are missing meanwhile rather than old. Who asks more than once a second is told the same again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

from fraudctl.errors import FraudctlError
from pipeline.metrics.outside import ExporterFigures

log = logging.getLogger("exporter")

PATIENCE_S: Final = 1.0
FRESH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """What to ask, and what is shown while there is no answer."""

    look: Callable[[], Any]
    unknown: Callable[[], Any]


class Rounds:
    """Of one exporter. `figures` tell how the looks themselves go."""

    def __init__(self, parts: Mapping[str, Part], patience_s: float = PATIENCE_S) -> None:
        self.figures = ExporterFigures(failures={(name,): 0 for name in parts})
        self._parts = parts
        self._patience_s = patience_s
        self._pool = ThreadPoolExecutor(len(parts), "look")
        self._asked: dict[str, Future[Any]] = {}
        self._found: list[Any] = []
        self._until = 0.0

    def look(self) -> list[Any]:
        """The figures of every part, and those of the looks."""
        if time.monotonic() >= self._until:
            self._found = self._look()
            self._until = time.monotonic() + FRESH_S
        return [*self._found, self.figures]

    def _look(self) -> list[Any]:
        for name, part in self._parts.items():
            if name not in self._asked:
                self._asked[name] = self._pool.submit(self._timed, name, part)
        wait(self._asked.values(), self._patience_s)
        return [self._answer(name, part) for name, part in self._parts.items()]

    def _answer(self, name: str, part: Part) -> Any:
        if self._asked[name].done():
            try:
                return self._asked.pop(name).result()
            except (FraudctlError, OSError):
                self.figures.looks.pop((name,), None)
            except Exception:  # a surprise in one part leaves the others to be seen
                log.exception("the look at %s failed", name)
                self.figures.looks.pop((name,), None)
        self.figures.failures[name,] += 1
        return part.unknown()

    def _timed(self, name: str, part: Part) -> Any:
        began = time.monotonic()
        found = part.look()
        self.figures.looks[name,] = time.monotonic() - began
        return found
