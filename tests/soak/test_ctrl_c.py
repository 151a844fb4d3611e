"""Ctrl-C in each command that may wait for somebody: one line, exit code 130, no trace, at once.

Each runs as a process against a stack whose servers take every connection and never say a word. When it has
asked the first of them the keyboard ends it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli, servers
from fraudctl.commands._table import COMMANDS
from fraudctl.engines import workers
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.home import folder
from fraudctl.home.stack import Stack
from fraudctl.servers import Program
from fraudctl.settings import reading
from tests.homes import reachable_folder
from tests.waiting import await_that, kill_family

ROW = "event_id,user_id,event_time,amount\ne,u,2026-01-01T00:00:00Z,1\n"
ASKING: dict[str, list[str]] = {
    "alerts": [],
    "backup create": ["copy"],
    "bench": ["--rate", "100"],
    "chaos run": ["duplicate-events"],
    "console": [],
    "dlq list": [],
    "dlq retry": ["--all", "--yes"],
    "dlq show": ["0:17"],
    "doctor": [],
    "explain": ["e-1"],
    "export labels": ["--out", "labels.parquet"],
    "forget user": ["u-1", "--yes"],
    "hotkeys": [],
    "ingest": ["payments.csv", "--shift-to-now"],
    "job reset-offsets": ["--to", "earliest"],
    "job rescale": ["2"],
    "job savepoint": [],
    "job status": [],
    "job stop": [],
    "label": ["e-1", "fraud"],
    "replay": ["--rules", "default"],
    "rules adopt": ["--reason", "x"],
    "rules apply": ["default"],
    "rules approve": [],
    "rules compare": [],
    "rules history": [],
    "rules pause": ["ip_burst"],
    "rules promote": [],
    "rules rollback": [],
    "rules shadow": ["default"],
    "rules show": [],
    "search": ["u-1"],
    "simulate": [],
    "sinks dlq": ["redis"],
    "sinks rewind": ["redis", "--to", "earliest", "--yes"],
    "sinks status": [],
    "status": [],
    "top": [],
    "topics grow": ["16"],
    "verify sinks": [],
}
"""Commands that ask servers, with arguments that let them come so far."""
SPEAKING = {"chaos run", "console", "ingest", "simulate"}
"""Commands that say what they are about to do, or where they are, before that."""
ELSEWHERE = {
    **dict.fromkeys(("backtest", "inspect"), "tests/soak/test_interrupted_files.py"),
    **dict.fromkeys(("purge", "aws delete", "aws down"), "tests/unit/fraudctl/commands/test_asking.py"),
    **dict.fromkeys(("aws deploy", "aws logs", "aws plan", "aws status"), "a service elsewhere"),
    **dict.fromkeys(("aws submit", "aws stop", "aws savepoint"), "a service elsewhere"),
    **dict.fromkeys(("deploy plan",), "tests/kubernetes"),
    "logs": "below",
    "secrets rotate": "tests/soak/test_cut_off.py",
    **dict.fromkeys(
        ("notify status", "job submit", "restart", "down", "up", "sinks pause"),
        "nowhere: waits for a program of ours",
    ),
    **dict.fromkeys(
        ("backup verify", "backup restore", "export compact", "rules test", "aws package"),
        "files of this machine",
    ),
}
"""Commands that may run long and ask no server of this stack, and where they are tried, or what they ask."""
AT_ONCE = {
    *("scenario list", "scenario show", "chaos list", "schema show", "profile list", "profile show"),
    *(
        "sinks list",
        "sinks resume",
        "rules new",
        "rules lint",
        "rules diff",
        "rules list",
        "secrets list",
        "dashboards export",
        "audit",
    ),
    *("chaos undo", "aws function", "aws template", "aws cost", "deploy render", "grants"),
}
"""Commands that read something small of this machine and answer."""


def leaves(name: str, command: Any) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name
        return
    for verb, child in children.items():
        yield from leaves(f"{name} {verb}", child)


class Silent:
    """A port at which everybody is heard and nobody answered."""

    def __init__(self) -> None:
        self._listens = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self._listens.getsockname()[1]}"
        self._held: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def callers(self) -> int:
        """How many have come so far."""
        return len(self._held)

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._held.append(self._listens.accept()[0])

    def close(self) -> None:
        for one in (self._listens, *self._held):
            one.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    made.close()


@pytest.fixture
def home(silent: Silent) -> Iterator[Path]:
    """A home as `up` leaves it; its programs do nothing."""
    with reachable_folder("silent") as place:
        made = place / "home"
        folder.claim(made)
        profile = reading.load("all-sinks")
        names = ("kafka", "flink", "postgres", "redis", "elasticsearch", "dynamodb")
        ports = {name: dict(servers.server_class(name).port_roles) for name in names}
        stack = Stack(made, profile, dict.fromkeys(names, silent.address), ports)
        stack.save()
        for name in names:
            secret = stack.paths.secret_file(name)
            secret.parent.mkdir(exist_ok=True)
            secret.write_text("ACCESS:secret\n" if name == "dynamodb" else "secret\n")
        workers.write_configurations(stack)
        stack.paths.run.mkdir(exist_ok=True)
        stack.paths.logs.mkdir(exist_ok=True)
        supervisor = Supervisor(stack.paths)
        programs = [
            Program(one, ["sleep", "900"])
            for one in (*names, "keeper", *(f"sink-{one}" for one in profile.sinks))
        ]
        supervisor.configure(programs, is_root=os.geteuid() == 0)
        supervisor.start(None)
        for one in programs:
            supervisor.start_program(one.name)
        yield made
        if (pid := supervisor.pid) is not None:
            kill_family(pid)


def test_every_command_is_tried_here_or_elsewhere_or_answers_at_once() -> None:
    tree = cli.build()
    every = [one for name in COMMANDS for one in leaves(name, tree.whole(name))]
    assert sorted(every) == sorted([*ASKING, *ELSEWHERE, *AT_ONCE])


@pytest.mark.parametrize("command", ASKING)
def test_it_ends_at_once_and_says_one_line(home: Path, silent: Silent, tmp_path: Path, command: str) -> None:
    (tmp_path / "payments.csv").write_text(ROW)
    argv = [sys.executable, "-m", "fraudctl", *command.split(), *ASKING[command], "--home", str(home)]
    with subprocess.Popen(
        argv,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        await_that(lambda: silent.callers or running.poll() is not None, "somebody is asked")
        running.send_signal(signal.SIGINT)
        out, said = running.communicate()
    *before, last = said.splitlines() or [""]
    assert (running.returncode, last) == (130, "interrupted"), f"{running.returncode}: {out}{said}"
    assert "Traceback" not in said
    assert command in SPEAKING or (out, before) == ("", [])


def test_what_follows_a_log_ends_at_once_as_well(home: Path) -> None:
    (home / "logs" / "keeper.log").write_text("it began\n")
    argv = [sys.executable, "-m", "fraudctl", "logs", "keeper", "--follow", "--home", str(home)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "it began" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        out, said = running.communicate()
    assert (running.returncode, out, said) == (130, "", "interrupted\n")
