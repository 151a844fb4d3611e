"""Waiting for servers and programs: what counts as ready, as slow and as failed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fraudctl.console.progress import progress
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.errors import NotReady, Unhealthy
from fraudctl.home.stack import Paths
from fraudctl.servers import BaseServer, Program
from fraudctl.waiting import every

POLL_SECONDS = 0.05
FAILED_STARTS = 3
LOG_LINES = 15

T = TypeVar("T")


class Wait:
    """Waiting for servers and programs until one common deadline (monotonic seconds)."""

    def __init__(self, supervisor: Supervisor, deadline: float) -> None:
        self.supervisor, self.deadline = supervisor, deadline
        self.began = time.monotonic()
        self.starts: dict[str, set[int]] = {}

    def for_servers(self, wave: Sequence[BaseServer]) -> None:
        """Until every server of the wave answers its probe, then let each finish."""
        waiting = {server.name: server for server in wave}
        with progress("starting " + ", ".join(waiting), len(waiting)) as bar:
            for _ in every(POLL_SECONDS):
                for server in list(waiting.values()):
                    reason = reason_not_ready(server)
                    if not reason:
                        server.finish()
                        del waiting[server.name]
                    else:
                        self._check(server.title, program_names_of(server.programs()), reason, server.hint)
                bar.update(len(wave) - len(waiting), "waiting for " + ", ".join(waiting))
                if not waiting:
                    return

    def for_programs(self, names: Sequence[str]) -> None:
        """Until every program runs and has lasted for its start time."""
        for _ in every(POLL_SECONDS):
            states = self.supervisor.states()
            waiting = [name for name in names if states[name].state != "RUNNING"]
            if not waiting:
                return
            for name in waiting:
                self._check(name, [name], f"it is {states[name].state.lower()}", f"see: fraudctl logs {name}")

    def _check(self, title: str, programs: Sequence[str], reason: str, hint: str) -> None:
        """Raise if a program has given up, keeps dying, or time is over."""
        states = self.supervisor.states()
        for name in programs:
            state = states.get(name)
            if state and state.state == "BACKOFF":
                self.starts.setdefault(name, set()).add(state.started_s)
            if state and (state.state == "FATAL" or len(self.starts.get(name, ())) >= FAILED_STARTS):
                raise self._failure(
                    f"{title} does not start: {name} {state.spawn_error or 'ends'}", programs, hint
                )
        if time.monotonic() > self.deadline:
            waited = time.monotonic() - self.began
            more = "slow machines may need more: fraudctl up --wait 600" + (f"; {hint}" if hint else "")
            raise self._failure(f"{title} is not ready after {waited:.0f} s: {reason}", programs, more)

    def _failure(self, message: str, programs: Sequence[str], hint: str) -> Unhealthy:
        lines = [line for name in programs for line in log_tail(self.supervisor.paths, name)]
        log = "".join(f"\n  {line}" for line in lines[-LOG_LINES:]) or "\n  (its log is empty)"
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
