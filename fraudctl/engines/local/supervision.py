"""One supervisor per home: its life, and talking to it over its Unix socket.

supervisord starts nothing by itself; the engine says what to start and when.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.engines.local.configuration import configuration, socket_path
from fraudctl.engines.local.processes import end, end_orphans, supervisor_pid
from fraudctl.engines.local.runner import Runner
from fraudctl.engines.waiting import Wait, log_tail, program_names_of
from fraudctl.errors import Failed, NotRunning
from fraudctl.home.private_files import UMASK, make_folder, write_atomically
from fraudctl.home.stack import Paths
from fraudctl.servers import Program
from fraudctl.settings.layers import OTHER_VARIABLES
from fraudctl.waiting import until

START_SECONDS = 15.0
LEFT_SECONDS = 5.0
BAD_NAME, ALREADY_STARTED, NOT_RUNNING = 10, 60, 70
"""Codes of `supervisor.xmlrpc.Faults`, which is slow to import."""


@dataclass(frozen=True)
class ProcessState:
    """What the supervisor says of one program; `state` in its words (RUNNING, BACKOFF, FATAL, …)."""

    name: str
    state: str
    pid: int
    started_s: int
    spawn_error: str

    @property
    def runs(self) -> bool:
        return self.state == "RUNNING"

    def told(self) -> ProgramState:
        """The same in the words of every engine."""
        return ProgramState(self.name, _CONDITIONS[self.state], self.pid, self.started_s, self.spawn_error)


_CONDITIONS = {
    "STOPPED": Condition.STOPPED,
    "STARTING": Condition.STARTING,
    "RUNNING": Condition.RUNNING,
    "BACKOFF": Condition.FAILING,
    "STOPPING": Condition.STOPPING,
    "EXITED": Condition.FAILING,
    "FATAL": Condition.FAILED,
    "UNKNOWN": Condition.UNKNOWN,
}
"""a program that ended by itself is started again"""


class Supervisor:
    """The supervisor of one home."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    @property
    def pid(self) -> int | None:
        return supervisor_pid(self.paths.home)

    @property
    def user(self) -> int | None:
        """The number of the user that it runs as; None when it does not run."""
        pid = self.pid
        with suppress(psutil.NoSuchProcess):
            return None if pid is None else psutil.Process(pid).uids().effective
        return None

    def configure(self, programs: Sequence[Program], is_root: bool) -> bool:
        """Write the configuration; whether it differs from what was there."""
        file = self.paths.run / "supervisord.conf"
        text = configuration(self.paths, programs, is_root)
        if file.is_file() and file.read_bytes() == text.encode():
            return False
        write_atomically(file, text)
        return True

    def start(self, runner: Runner | None) -> None:
        """Start the supervisor unless it lives, as that user, and wait until it answers."""
        if self.pid is None:
            end_orphans(self.paths.home)
            with suppress(FileNotFoundError):
                socket_path(self.paths.home).unlink()
            make_folder(self.paths.logs)
            if runner is not None:
                runner.take_over()
            self._spawn(runner)
        hint = f"see {self.paths.logs}/supervisord.log"
        until(
            self._answers,
            START_SECONDS,
            lambda: Failed("the supervisor does not answer", hint=hint),
            every_s=0.02,
        )

    def reload(self) -> None:
        """Make a living supervisor take up a changed configuration; changed programs are stopped first."""
        with self.calls() as calls:
            added, changed, removed = cast(Any, calls.reloadConfig())[0]
            for group in [*changed, *removed]:
                calls.stopProcessGroup(group)
                calls.removeProcessGroup(group)
            for group in [*added, *changed]:
                calls.addProcessGroup(group)

    def states(self) -> dict[str, ProcessState]:
        """Every program's state by name; empty when the supervisor is not there."""
        if self.pid is None:
            return {}
        with self.calls() as calls:
            answers = cast(list[dict[str, Any]], calls.getAllProcessInfo())
        return {
            info["name"]: ProcessState(
                info["name"], info["statename"], info["pid"], info["start"], info["spawnerr"]
            )
            for info in answers
        }

    def told(self) -> dict[str, ProgramState]:
        """The same in the words of every engine."""
        return {name: state.told() for name, state in self.states().items()}

    def waiting(self, deadline: float) -> Wait:
        """Waiting for servers and programs until then (monotonic seconds)."""
        return Wait(
            self.told,
            lambda name: log_tail(self.paths, name),
            lambda server: program_names_of(server.programs()),
            deadline,
        )

    def start_program(self, name: str) -> None:
        """Ask for a program to run; harmless if it does."""
        with self.calls() as calls, _ignoring(ALREADY_STARTED):
            calls.startProcess(name, False)

    def stop_program(self, name: str) -> None:
        """Stop a program and wait until it has ended, and all that it has started; harmless if it does not
        run, or is not known."""
        started = _started_by(self.states().get(name))
        with self.calls() as calls, _ignoring(NOT_RUNNING, BAD_NAME):
            calls.stopProcess(name, True)
        end(started, LEFT_SECONDS)  # of one that had to be killed: PostgreSQL does not start beside it

    def shut_down(self, wait_s: float = 60.0) -> None:
        """Stop what still runs and end the supervisor; then end orphans."""
        if (pid := self.pid) is not None:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                os.kill(pid, signal.SIGTERM)
                end([process], wait_s)
        end_orphans(self.paths.home)

    @contextmanager
    def calls(self) -> Iterator[Any]:
        """The supervisor's RPC interface; NotRunning when nobody listens."""
        from supervisor.xmlrpc import SupervisorTransport  # 40 ms, and all commands import the engines

        place = socket_path(self.paths.home)
        _refuse_anothers(place, self.paths.home)
        transport = SupervisorTransport(None, None, f"unix://{place}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            yield proxy.supervisor
        except (ConnectionError, FileNotFoundError) as error:
            raise NotRunning(f"the supervisor of {self.paths.home} does not answer: {error}") from error
        finally:
            transport.close()

    def _answers(self) -> bool:
        try:
            with self.calls() as calls:
                return bool(cast(Any, calls.getState())["statename"] == "RUNNING")
        except (NotRunning, OSError):
            return False

    def _spawn(self, runner: Runner | None) -> None:
        argv = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c"]
        argv = [*argv, str(self.paths.run / "supervisord.conf")]
        done = subprocess.run(
            runner.command(argv) if runner else argv,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            cwd=self.paths.home,
            env=runner.environment(_environment()) if runner else _environment(),
            umask=UMASK,
        )
        if done.returncode != 0:
            raise Failed(
                f"the supervisor did not start: {(done.stderr or done.stdout).strip()}",
                hint="see what is wrong with this machine: fraudctl doctor",
            )


def _refuse_anothers(socket: Path, home: Path) -> None:
    """NotRunning where another user has laid it there: that of a home with a long path lies under a name that
    can be guessed, where everybody may write."""
    with suppress(FileNotFoundError):
        if socket.lstat().st_uid not in (0, os.geteuid(), home.stat().st_uid):
            raise NotRunning(
                f"{socket} is another user's: nothing of it is believed",
                hint="have it removed, or choose a home with a shorter path (--home)",
            )


def _started_by(state: ProcessState | None) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(state.pid).children(recursive=True) if state and state.pid else []
    return []


def _environment() -> dict[str, str]:
    """What every program of a stack is to have: no settings of the profile, of which some are secrets."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in OTHER_VARIABLES or not name.startswith("FRAUDCTL_")
    }


@contextmanager
def _ignoring(*fault_codes: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as error:
        if error.faultCode not in fault_codes:
            raise
