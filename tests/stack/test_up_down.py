"""The life of a stack: repeated, interrupted and broken starts, and the way down."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fraudctl.engines import local
from fraudctl.engines.supervision import Supervisor, orphans
from fraudctl.stack import Paths, Stack, supervisor_pid

pytestmark = pytest.mark.timeout(600)
SMALL = ("--any-port", "--without", "flink", "--wait", "200")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home for a small stack of the test's own; whatever runs in it is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-up-", dir="/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name) / "home"
        local.purge(Path(name) / "home")


def run(home: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, envelope and talk of one command."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    return done.returncode, json.loads(done.stdout), done.stderr


def pids(home: Path) -> dict[str, int]:
    return {name: state.pid for name, state in Supervisor(Paths(home)).states().items()}


def test_a_second_up_is_quick_and_changes_nothing(stack: Stack) -> None:
    before = (pids(stack.home), stack.paths.stack_file.read_bytes())
    began = time.monotonic()
    code, answer, _ = run(stack.home, "up")
    assert (code, answer["ok"]) == (0, True)
    assert time.monotonic() - began < 30
    assert (pids(stack.home), stack.paths.stack_file.read_bytes()) == before


def test_status_tells_everything_and_the_dsn_works(stack: Stack) -> None:
    import psycopg

    code, answer, talk = run(stack.home, "status")
    assert (code, answer["summary"]) == (0, "everything is well"), talk
    data = answer["data"]
    expected = {"flink", "kafka", "postgres", "redis", "keeper", "ticker", "sink-postgres", "sink-redis"}
    assert {server["name"] for server in data["servers"]} == expected
    assert all(
        p["state"] == "running" and p["pid"] and p["rss_bytes"]
        for s in data["servers"]
        for p in s["programs"]
    )
    assert data["job"]["state"] == "RUNNING"
    assert {sink["name"]: sink["lag"] is not None for sink in data["sinks"]} == {
        "sink-postgres": True,
        "sink-redis": True,
    }
    dsn = next(server["dsn"] for server in data["servers"] if server["name"] == "postgres")
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) >= 0 FROM risk_scores").fetchone() == (True,)


def test_other_settings_are_refused_while_a_stack_runs(stack: Stack) -> None:
    code, answer, _ = run(stack.home, "up", "--profile", "payments-raw")
    assert (code, answer["error"]["code"]) == (1, "other_settings")
    assert "fraudctl down" in answer["error"]["hint"]


def test_down_keeps_the_data_and_up_finds_it(home: Path) -> None:
    import psycopg

    assert run(home, "up", *SMALL)[0] == 0
    dsn = run(home, "status")[1]["data"]["servers"]
    with psycopg.connect(next(one["dsn"] for one in dsn if one["name"] == "postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    code, answer, _ = run(home, "down")
    assert (code, answer["data"]["was_running"]) == (0, True)
    assert run(home, "status")[0] == 4
    assert run(home, "down")[1]["data"]["was_running"] is False

    assert run(home, "up", *SMALL)[0] == 0
    dsn = run(home, "status")[1]["data"]["servers"]
    with psycopg.connect(next(one["dsn"] for one in dsn if one["name"] == "postgres")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    assert run(home, "purge", "--yes")[0] == 0
    assert not home.exists()


def test_an_interrupted_up_is_completed_by_the_next(home: Path) -> None:
    argv = [sys.executable, "-m", "fraudctl", "up", *SMALL, "--home", str(home)]
    started = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while supervisor_pid(home) is None:
        assert time.monotonic() < deadline
        assert started.poll() is None
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    assert started.wait(60) == 130
    assert run(home, "up", *SMALL)[0] == 0
    assert run(home, "status")[1]["data"]["healthy"] is True


def test_what_a_killed_supervisor_leaves_behind_is_ended_before_the_next_start(home: Path) -> None:
    assert run(home, "up", *SMALL)[0] == 0
    before = pids(home)
    supervisor = supervisor_pid(home)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(supervisor)] if psutil.pid_exists(supervisor) else [], timeout=20)
    assert run(home, "status")[0] == 4
    assert {process.pid for process in orphans(home)} == set(before.values())

    assert run(home, "up", *SMALL)[0] == 0
    assert not set(before.values()) & set(pids(home).values())
    assert not [pid for pid in before.values() if psutil.pid_exists(pid)]


def test_a_taken_port_is_named_with_its_owner_before_anything_starts(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        mine = tmp_path / "mine.yaml"
        rules = tmp_path / "rules.yaml"
        rules.write_text("version: x\n")
        mine.write_text(f"rules: {rules}\nservers: {{redis: {{port: {port}}}, kafka: {{port: 1}}}}\n")
        asked = ("--profile", str(mine), "--without", "kafka", "--without", "flink", "--without", "postgres")
        code, answer, _ = run(home, "up", *asked)
    assert (code, answer["error"]["code"]) == (1, "port_taken")
    assert answer["error"]["message"].startswith(
        f"port {port} (redis redis) is taken by another program (pid {os.getpid()}, "
    )
    assert answer["error"]["hint"] == "stop it, or run: fraudctl up --any-port"
    assert supervisor_pid(home) is None


def test_a_server_that_cannot_start_is_named_with_its_last_words(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    (tmp_path / "rules.yaml").write_text("version: x\n")
    mine.write_text("rules: rules.yaml\nservers: {postgres: {settings: {wal_level: nonsense}}}\n")
    others = ("--without", "kafka", "--without", "flink", "--without", "redis")
    code, answer, _ = run(home, "up", "--profile", str(mine), "--any-port", *others)
    assert (code, answer["error"]["code"]) == (3, "unhealthy")
    assert answer["error"]["message"].startswith("PostgreSQL does not start")
    assert 'invalid value for parameter "wal_level": "nonsense"' in answer["error"]["message"]


def test_a_single_server_is_restarted(home: Path) -> None:
    assert run(home, "up", *SMALL)[0] == 0
    before = pids(home)
    assert run(home, "restart", "redis")[1]["data"]["programs"] == ["redis"]
    after = pids(home)
    assert {name for name in before if before[name] != after[name]} == {"redis"}
    assert run(home, "restart", "nobody")[0] == 2


def test_logs_are_shown_by_program(home: Path) -> None:
    assert run(home, "up", "--any-port", "--without", "flink", "--without", "kafka")[0] == 0
    argv = [sys.executable, "-m", "fraudctl", "logs", "postgres", "--lines", "5", "--home", str(home)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) <= 5
    assert run_plain(home, "logs", "nobody") == 2


def run_plain(home: Path, *arguments: str) -> int:
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)]
    return subprocess.run(argv, capture_output=True, check=False).returncode
