"""Looks at several parts at once, each within a time; what fails or is late is left out.

A part that hangs delays nobody by more than `PATIENCE_S`, is not asked again before it has ended, and its
figures are missing meanwhile rather than old.
"""

from __future__ import annotations

import logging
import threading
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look has found, and when it was begun (monotonic seconds)."""

    at_s: float
    figures: Any
    has_failed: bool


class Rounds:
    """Of one exporter. What was seen within `fresh_s` is told again. `figures` tell how the looks go."""

    def __init__(
        self, parts: Mapping[str, Part], patience_s: float = PATIENCE_S, fresh_s: float = FRESH_S
    ) -> None:
        self.figures = ExporterFigures(failures={(name,): 0 for name in parts})
        self._parts = parts
        self._patience_s, self._fresh_s = patience_s, fresh_s
        self._pool = ThreadPoolExecutor(len(parts), "look")
        self._asked: dict[str, Future[None]] = {}
        self._seen: dict[str, _Seen] = {}
        self._guard = threading.Lock()

    def look(self) -> list[Any]:
        """The figures of every part, and those of the looks."""
        oldest_s = time.monotonic() - self._fresh_s - self._patience_s
        self.renew(self._fresh_s)
        with self._guard:
            now_s = time.monotonic()
            seen = {name: one for name, one in self._seen.items() if one.at_s >= oldest_s}
            self.figures.ages = {(n,): now_s - one.at_s for n, one in seen.items() if not one.has_failed}
        found = [seen[name].figures if name in seen else part.unknown() for name, part in self._parts.items()]
        return [*found, self.figures]

    def renew(self, older_s: float) -> None:
        """Look at every part that was not seen within that time; returns when all are, or patience ends."""
        with self._guard:
            old = [name for name in self._parts if self._age_s(name) > older_s]
            for name in old:
                if name not in self._asked:
                    self._asked[name] = self._pool.submit(self._look_at, name)
            waited = {name: self._asked[name] for name in old}
        wait(waited.values(), self._patience_s)
        with self._guard:
            for name, one in waited.items():
                self.figures.failures[name,] += not one.done()

    def _age_s(self, name: str) -> float:
        return time.monotonic() - self._seen[name].at_s if name in self._seen else float("inf")

    def _look_at(self, name: str) -> None:
        began_s, part, has_failed = time.monotonic(), self._parts[name], False
        try:
            found = part.look()
        except (FraudctlError, OSError):
            found, has_failed = part.unknown(), True
        except Exception:  # a surprise in one part leaves the others to be seen
            log.exception("the look at %s failed", name)
            found, has_failed = part.unknown(), True
        with self._guard:
            self._keep(name, _Seen(began_s, found, has_failed))

    def _keep(self, name: str, seen: _Seen) -> None:
        del self._asked[name]
        self._seen[name] = seen
        if seen.has_failed:
            self.figures.looks.pop((name,), None)
            self.figures.failures[name,] += 1
        else:
            self.figures.looks[name,] = time.monotonic() - seen.at_s
