"""Ends calls of plug-ins that take too long where nobody watches from outside."""

from __future__ import annotations

import faulthandler
import signal
import threading
from functools import cache
from typing import Final, Protocol

from pipeline.rules.plugins.source import Plugin

LIMIT_S: Final = 1.0
"""Processor time one call may take."""
LOAD_LIMIT_S: Final = 30.0
"""Processor time a plug-in file and its model may take to load."""
GRACE_S: Final = 4.0
"""Processor time beyond the limit after which a call that cannot be ended ends its process."""
OVER_TIME: Final = f"held the interpreter beyond its limit of {LIMIT_S:.0f} s"


class OverTime(BaseException):
    """A plug-in held the interpreter beyond its limit. No `Exception`, lest the plug-in swallow it."""


class Guard(Protocol):
    """Is told of every call before and after it, so that one that does not return is known by its rule."""

    def refuses(self, plugin: Plugin) -> str | None:
        """Why this plug-in is not to be called at all, None when it is."""

    def begin(self, rule: str, plugin: Plugin, limit_s: float) -> None:
        """A call is about to start."""

    def end(self) -> None:
        """It has returned, or failed."""


class Alarm:
    """Ends a call beyond its limit by a signal: in the main thread only; elsewhere it does nothing.

    A call that goes on nevertheless (it catches whatever is raised, or never leaves C) ends the process
    `GRACE_S` later, after its place was written to standard error.
    """

    def refuses(self, _: Plugin) -> str | None:
        return None

    def begin(self, _rule: str, _plugin: Plugin, limit_s: float) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        _answer_signals()
        signal.setitimer(signal.ITIMER_PROF, limit_s + GRACE_S)
        signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)

    def end(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)


@cache
def _answer_signals() -> None:
    """Once in a process. The second signal ends it, after the lines that run were written."""
    signal.signal(signal.SIGVTALRM, _over_time)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.register(signal.SIGPROF, file=2, all_threads=False, chain=True)


def _over_time(*_: object) -> None:
    raise OverTime
