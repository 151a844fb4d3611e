"""Looks at a stack again and again in a thread of its own, and has the newest ready for who shows it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fraudctl.decisions import alerts
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack
from fraudctl.views import history
from fraudctl.views.looker import Figures, Looker
from fraudctl.views.pulse import Course, Pulse
from pipeline.records.flagged import Flagged

EVERY_S: Final = 2.0
SHOWN_ALERTS: Final = 20


@dataclass(frozen=True, slots=True)
class View:
    """The newest look. `past` ends with it; `trouble` says why the alerts are not known."""

    number: int
    past: tuple[Pulse, ...]
    alerts: tuple[Flagged, ...]
    trouble: str | None = None

    @property
    def pulse(self) -> Pulse:
        return self.past[-1]

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping, without the past."""
        told = {"alerts": [one.document() for one in self.alerts], "alerts_trouble": self.trouble}
        return self.pulse.document() | told


class Watcher:
    """Keeps the pulses of `keep_s` seconds. `newest` gives None before the first look.

    `before` is asked once, ahead of the first look, for what went before it.
    """

    def __init__(
        self,
        look: Callable[[], Figures],
        ask_alerts: Callable[[], list[Flagged]],
        keep_s: float,
        every_s: float = EVERY_S,
        before: Callable[[], list[Pulse]] = list,
    ) -> None:
        self._look, self._ask_alerts, self._every_s = look, ask_alerts, every_s
        self._before = before
        self._past: deque[Pulse] = deque(maxlen=max(2, round(keep_s / every_s)))
        self._course, self._changed, self._stopping = Course(), threading.Condition(), threading.Event()
        self._newest: View | None = None

    def step(self) -> View:
        """Look once, now."""
        if self._newest is None:
            self._past.extend(self._before())
        pulse = self._course.take(time.time(), self._look())
        found, trouble = self._alerts()
        with self._changed:
            self._past.append(pulse)
            number = self._newest.number + 1 if self._newest else 1
            self._newest = View(number, tuple(self._past), found, trouble)
            self._changed.notify_all()
            return self._newest

    def start(self) -> None:
        """Look from now on, until `stop`."""
        threading.Thread(target=self._run, name="watcher", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def newest(self, after: int = 0, patience_s: float = 0.0) -> View | None:
        """The newest view, once its number is greater than `after`, waited for so long; else None."""
        with self._changed:
            self._changed.wait_for(lambda: self._number() > after, patience_s)
            return self._newest if self._number() > after else None

    def _number(self) -> int:
        return self._newest.number if self._newest else 0

    def _run(self) -> None:
        while not self._stopping.is_set():
            began_s = time.monotonic()
            with suppress(Exception):  # what is shown grows old, which is said, and the next look may succeed
                self.step()
            self._stopping.wait(max(0.1, self._every_s - (time.monotonic() - began_s)))

    def _alerts(self) -> tuple[tuple[Flagged, ...], str | None]:
        try:
            return tuple(self._ask_alerts()), None
        except FraudctlError as error:
            return (), error.message
        except Exception as error:  # a surprise in a store leaves the figures to be seen
            return (), f"{type(error).__name__}: {error}"


def of(stack: Stack, keep_s: float, every_s: float = EVERY_S) -> Watcher:
    """A watcher of that stack, with the newest alerts as `fraudctl alerts` has them.

    What went before is known where the stack has a Prometheus.
    """

    def newest_alerts() -> list[Flagged]:
        return alerts.newest(stack, 0, SHOWN_ALERTS)

    def before() -> list[Pulse]:
        now_s = time.time()
        return history.of(stack, history.Span(now_s - keep_s, now_s - every_s, every_s))

    return Watcher(Looker(stack).look, newest_alerts, keep_s, every_s, before)
