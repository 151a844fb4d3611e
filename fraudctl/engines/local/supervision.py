"""One supervisor per home: its configuration, its life, and talking to it over its Unix socket.

supervisord starts nothing by itself; the engine says what to start and when. Children carry the home in
their environment, so that those of a supervisor that was killed are found again, whatever their pids.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import Failed, NotRunning
from fraudctl.home.private_files import UMASK, make_folder, write_atomically
from fraudctl.home.stack import Paths
from fraudctl.servers import Program
from fraudctl.waiting import until

HOME_VARIABLE = "FRAUDCTL_SUPERVISED_HOME"
LONGEST_SOCKET_PATH = 100
START_SECONDS = 15.0
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
        return ProgramState(
            self.name, _CONDITIONS[self.state], self.pid, self.started_s, self.spawn_error
        )


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


def supervisor_pid(home: Path) -> int | None:
    """The pid of the home's living supervisor, None if it is not there.

    One whose pid file is lost or damaged is found among the processes.
    """
    configuration = str(Paths(home).run / "supervisord.conf").encode()
    try:
        told = int((Paths(home).run / "supervisord.pid").read_text())
    except (OSError, ValueError):
        return _pid_with(configuration) if Paths(home).run.is_dir() else None
    return told if configuration in _arguments(told) else None


def _pid_with(argument: bytes) -> int | None:
    pids = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return next((pid for pid in pids if _supervises(_arguments(pid), argument)), None)


def _supervises(arguments: list[bytes], configuration: bytes) -> bool:
    return configuration in arguments and b"supervisor.supervisord" in arguments


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def socket_path(home: Path) -> Path:
    """The supervisor's socket: in the home, or in a short place where the home's path is too long."""
    inside = Paths(home).run / "supervisor.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fraudctl-{os.getuid()}-{short}.sock"


def configuration(paths: Paths, programs: Sequence[Program]) -> str:
    """The text of supervisord.conf."""
    run = paths.run
    main = {
        "logfile": paths.logs / "supervisord.log",
        "logfile_maxbytes": "5MB",
        "logfile_backups": 2,
        "pidfile": run / "supervisord.pid",
        "nodaemon": "false",
        "silent": "true",
        "childlogdir": paths.logs,
        "minfds": 1024,
        "identifier": "fraudctl",
        "umask": f"{UMASK:03o}",
    }
    if os.geteuid() == 0:
        main["user"] = "root"
    interface = {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
    sections = [
        _section("unix_http_server", {"file": socket_path(paths.home), "chmod": "0700"}),
        _section("supervisord", main),
        _section("rpcinterface:supervisor", interface),
        *(_section(f"program:{program.name}", _program(paths, program)) for program in programs),
    ]
    return "\n".join(sections)


def _program(paths: Paths, program: Program) -> dict[str, object]:
    environment = {**program.env, HOME_VARIABLE: str(paths.home)}
    settings: dict[str, object] = {
        "command": " ".join(map(_quoted, program.argv)),
        "environment": ",".join(f"{name}={_quoted(value)}" for name, value in environment.items()),
        "directory": program.directory or paths.home,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": program.start_s,
        "startretries": 100,
        "stopsignal": program.stop_signal,
        "stopwaitsecs": program.stop_wait_s,
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": paths.logs / f"{program.name}.log",
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": 3,
    }
    if program.user:
        settings["user"] = program.user
    return settings


def _section(name: str, settings: Mapping[str, object]) -> str:
    lines = "".join(f"{key} = {str(value).replace('%', '%%')}\n" for key, value in settings.items())
    return f"[{name}]\n{lines}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Supervisor:
    """The supervisor of one home."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    @property
    def pid(self) -> int | None:
        return supervisor_pid(self.paths.home)

    def configure(self, programs: Sequence[Program]) -> bool:
        """Write the configuration; whether it differs from what was there."""
        file = self.paths.run / "supervisord.conf"
        text = configuration(self.paths, programs)
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return False
        write_atomically(file, text)
        return True

    def start(self) -> None:
        """Start the supervisor unless it lives, and wait until it answers."""
        if self.pid is None:
            end_orphans(self.paths.home)
            with suppress(FileNotFoundError):
                socket_path(self.paths.home).unlink()
            self._spawn()
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

    def start_program(self, name: str) -> None:
        """Ask for a program to run; harmless if it does."""
        with self.calls() as calls, _ignoring(ALREADY_STARTED):
            calls.startProcess(name, False)

    def stop_program(self, name: str) -> None:
        """Stop a program and wait until it has ended; harmless if it does not run, or is not known."""
        with self.calls() as calls, _ignoring(NOT_RUNNING, BAD_NAME):
            calls.stopProcess(name, True)

    def shut_down(self, wait_s: float = 60.0) -> None:
        """Stop what still runs and end the supervisor; then end orphans."""
        if (pid := self.pid) is not None:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                os.kill(pid, signal.SIGTERM)
                _end([process], wait_s)
        end_orphans(self.paths.home)

    @contextmanager
    def calls(self) -> Iterator[Any]:
        """The supervisor's RPC interface; NotRunning when nobody listens."""
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{socket_path(self.paths.home)}")
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

    def _spawn(self) -> None:
        make_folder(self.paths.logs)
        argv = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c"]
        done = subprocess.run(
            [*argv, str(self.paths.run / "supervisord.conf")],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            cwd=self.paths.home,
            umask=UMASK,
        )
        if done.returncode != 0:
            raise Failed(f"the supervisor did not start: {(done.stderr or done.stdout).strip()}")


@contextmanager
def _ignoring(*fault_codes: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as error:
        if error.faultCode not in fault_codes:
            raise


def orphans(home: Path) -> list[psutil.Process]:
    """Processes of this home's stack that no living supervisor looks after."""
    if supervisor_pid(home) is not None:
        return []
    return [process for process in psutil.process_iter() if _belongs(process, str(home))]


def _belongs(process: psutil.Process, home: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(HOME_VARIABLE) == home
    except (psutil.Error, OSError):
        return False


def end_orphans(home: Path, wait_s: float = 20.0) -> int:
    """End the orphans of a home, kindly first; how many there were."""
    found = orphans(home)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            # SIGINT is PostgreSQL's fast shutdown; the JVMs and Python take it as an end as well.
            process.send_signal(signal.SIGINT)
    _end(found, wait_s)
    return len(found)


def _end(processes: Sequence[psutil.Process], wait_s: float) -> None:
    _, alive = psutil.wait_procs(processes, timeout=wait_s)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
