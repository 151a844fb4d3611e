"""Processes of a home: its supervisor, and what one that was killed has left behind.

Children carry the home in their environment, so that they are found again, whatever their pids.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from fraudctl.home.stack import Paths

HOME_VARIABLE = "FRAUDCTL_SUPERVISED_HOME"


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
    end(found, wait_s)
    return len(found)


def end(processes: Sequence[psutil.Process], wait_s: float) -> None:
    """Wait for processes that were told to end, and kill those that have not."""
    _, alive = psutil.wait_procs(processes, timeout=wait_s)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
