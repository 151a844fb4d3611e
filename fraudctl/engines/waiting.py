"""Waiting for servers and programs of any engine: what counts as ready, as slow and as failed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from fraudctl.console.progress import progress
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import NotReady, Unhealthy
from fraudctl.home.stack import Paths
from fraudctl.servers import BaseServer, Program
from fraudctl.waiting import every

POLL_SECONDS = 0.05
FAILED_STARTS = 3
LOG_LINES = 15
_TAKEN: Final = re.compile(r"address already in use|BindException", re.IGNORECASE)
"""how servers say that they cannot listen on a port, which was free when the start began"""

T = TypeVar("T")


class Wait:
    """Waiting for servers and programs until one common deadline (monotonic seconds).

    `states` says how each program is now, `log` gives the last lines of one; asked every `every_s` seconds.
    """

    def __init__(
        self,
        states: Callable[[], Mapping[str, ProgramState]],
        log: Callable[[str], Sequence[str]],
        names: Callable[[BaseServer], Sequence[str]],
        deadline: float,
        every_s: float = POLL_SECONDS,
    ) -> None:
        self.every_s = every_s
        self.states, self.log, self.names, self.deadline = states, log, names, deadline
        self.began = time.monotonic()
        self.starts: dict[str, set[int]] = {}

    def for_servers(self, wave: Sequence[BaseServer]) -> None:
        """Until every server of the wave answers its probe, then let each finish."""
        waiting = {server.name: server for server in wave}
        with progress("starting " + ", ".join(waiting), len(waiting)) as bar:
            for _ in every(self.every_s):
                for server in list(waiting.values()):
                    reason = reason_not_ready(server)
                    if not reason:
                        server.finish()
                        del waiting[server.name]
                    else:
                        self._check(server.title, self.names(server), reason, server.hint)
                bar.update(len(wave) - len(waiting), "waiting for " + ", ".join(waiting))
                if not waiting:
                    return

    def for_programs(self, names: Sequence[str]) -> None:
        """Until every program runs and has lasted for its start time."""
        for _ in every(self.every_s):
            states = self.states()
            waiting = [name for name in names if name not in states or not states[name].runs]
            if not waiting:
                return
            for name in waiting:
                how = states[name].condition if name in states else "not there"
                self._check(name, [name], f"it is {how}", f"see: fraudctl logs {name}")

    def _check(self, title: str, programs: Sequence[str], reason: str, hint: str) -> None:
        """Raise if a program has given up, keeps dying, or time is over."""
        states = self.states()
        for name in programs:
            state = states.get(name)
            if state and state.condition is Condition.FAILING:
                self.starts.setdefault(name, set()).add(state.started_s)
            has_failed = state and state.condition is Condition.FAILED
            if state and (has_failed or len(self.starts.get(name, ())) >= FAILED_STARTS):
                raise self._failure(
                    f"{title} does not start: {name} {state.reason or 'ends'}", programs, hint
                )
        if time.monotonic() > self.deadline:
            waited = time.monotonic() - self.began
            more = "slow machines may need more: fraudctl up --wait 600" + (f"; {hint}" if hint else "")
            raise self._failure(f"{title} is not ready after {waited:.0f} s: {reason}", programs, more)

    def _failure(self, message: str, programs: Sequence[str], hint: str) -> Unhealthy:
        lines = [line for name in programs for line in self.log(name)]
        log = "".join(f"\n  {line}" for line in lines[-LOG_LINES:]) or "\n  (its log is empty)"
        if any(_TAKEN.search(line) for line in lines):
            hint = "something else took one of its ports meanwhile; take others: fraudctl up --any-port"
        return Unhealthy(f"{message}\nlast log lines:{log}", hint)


def reason_not_ready(server: BaseServer) -> str:
    """Why a server is not ready, empty if it is."""
    try:
        server.probe()
    except NotReady as error:
        return error.message
    return ""


def log_tail(paths: Paths, program: str, lines: int = LOG_LINES) -> list[str]:
    """The last lines of a program's log."""
    try:
        with (paths.logs / f"{program}.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 64 * 1024))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def program_names_of(programs: Sequence[Program]) -> list[str]:
    return [program.name for program in programs]


def together(act: Callable[[T], object], on: Sequence[T]) -> None:
    """Do the same to several things at once; the first failure is raised when all are done."""
    if on:
        with ThreadPoolExecutor(len(on)) as pool:
            list(pool.map(act, on))
