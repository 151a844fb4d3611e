"""The life of a stack: repeated, interrupted and broken starts, and the way down."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from fraudctl.engines.local.engine import Engine
from fraudctl.engines.local.processes import orphans, supervisor_pid
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.home import folder
from fraudctl.home.stack import Paths, Stack
from tests.homes import reachable_folder
from tests.waiting import LONG_S, await_death, await_that

SMALL = ("--any-port", "--without", "flink", "--wait", "200")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home for a start that fails; whatever runs in it is ended afterwards."""
    yield from _home()


@pytest.fixture(scope="module")
def small() -> Iterator[Path]:
    """The home of one small stack, whose life the tests that use it tell in their order."""
    yield from _home()


def _home() -> Iterator[Path]:
    with reachable_folder("up") as place:
        yield place / "home"
        Engine().purge(place / "home")


def run(home: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, envelope and talk of one command."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    return done.returncode, json.loads(done.stdout), done.stderr


def pids(home: Path) -> dict[str, int]:
    return {name: state.pid for name, state in Supervisor(Paths(home)).states().items()}


def test_a_second_up_is_quick_and_changes_nothing(stack: Stack) -> None:
    before = (pids(stack.home), stack.paths.stack_file.read_bytes())
    code, answer, _ = run(stack.home, "up")
    assert (code, answer["ok"]) == (0, True)
    assert (pids(stack.home), stack.paths.stack_file.read_bytes()) == before


def test_status_tells_everything_and_the_dsn_works(stack: Stack) -> None:
    code, answer, talk = run(stack.home, "status")
    data = answer["data"]
    aside = len(data["rules_put_aside"])  # by the tests of such records, which this stack has been through
    well = (
        f"everything is well; {aside} records on the rules topic put aside" if aside else "everything is well"
    )
    assert (code, answer["summary"]) == (0, well), talk
    expected = {"flink", "kafka", "postgres", "redis", "keeper", "ticker", "exporter"}
    expected |= {"sink-postgres", "sink-redis"}
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
    with database(stack.home) as connection:
        assert connection.execute("SELECT count(*) >= 0 FROM risk_scores").fetchone() == (True,)


def test_everything_in_a_home_is_for_its_owner_alone(stack: Stack) -> None:
    (stack.home / "logs").chmod(0o755)
    (stack.paths.stack_file).chmod(0o644)
    assert run(stack.home, "up")[0] == 0
    assert open_to_others(stack.home) == passage(stack.home)


def passage(home: Path) -> set[Path]:
    """PostgreSQL's way to its data as root, for the group of the user it runs as (docs/operations.md)."""
    return {home, home / "data"} if os.geteuid() == 0 else set()


def open_to_others(home: Path) -> set[Path]:
    """Whatever has a right for group or others; a passage may be gone through and no more."""
    found = {}
    for path in (home, *home.rglob("*")):
        with suppress(FileNotFoundError):
            found[path] = path.lstat()
    modes = {path: one.st_mode & 0o077 for path, one in found.items() if not stat.S_ISLNK(one.st_mode)}
    assert all(mode in (0, 0o010) for mode in modes.values()), modes
    return {path for path, mode in modes.items() if mode}


def test_other_settings_are_refused_while_a_stack_runs(stack: Stack) -> None:
    code, answer, _ = run(stack.home, "up", "--profile", "payments-raw")
    assert (code, answer["error"]["code"]) == (1, "other_settings")
    assert "fraudctl down" in answer["error"]["hint"]


def test_an_interrupted_up_is_completed_by_the_next(small: Path) -> None:
    argv = [sys.executable, "-m", "fraudctl", "up", *SMALL, "--home", str(small)]
    started = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await_that(lambda: supervisor_pid(small) or started.poll() is not None, "the supervisor is there")
    started.send_signal(signal.SIGINT)
    assert started.wait(LONG_S) == 130
    assert run(small, "up", *SMALL)[0] == 0
    assert run(small, "status")[1]["data"]["healthy"] is True


def test_what_a_killed_supervisor_leaves_behind_is_ended_before_the_next_start(small: Path) -> None:
    before = pids(small)
    supervisor = supervisor_pid(small)
    assert supervisor is not None
    process = psutil.Process(supervisor)
    process.kill()
    await_death([process])
    assert run(small, "status")[0] == 4
    assert {process.pid for process in orphans(small)} == set(before.values())

    assert run(small, "up", *SMALL)[0] == 0
    assert not set(before.values()) & set(pids(small).values())
    assert not [pid for pid in before.values() if psutil.pid_exists(pid)]


def test_a_stack_whose_machine_went_down_comes_up_whatever_its_pid_files_name_by_then(small: Path) -> None:
    processes = [psutil.Process(pid) for pid in (supervisor_pid(small), *pids(small).values()) if pid]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=LONG_S)
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        files = [small / "run" / "supervisord.pid", *small.glob("data/**/postmaster.pid")]
        assert len(files) == 2
        for file in files:
            first, *rest = file.read_text().splitlines(keepends=True)
            file.write_text("".join([first.replace(first.strip(), str(stranger.pid)), *rest]))
        code, _, talk = run(small, "up", *SMALL)
        assert code == 0, talk
        assert stranger.poll() is None
        stranger.kill()
    with database(small) as connection:
        assert connection.execute("SELECT count(*) >= 0 FROM risk_scores").fetchone() == (True,)


def test_a_running_stack_with_a_damaged_stack_file_is_told_and_stopped(small: Path) -> None:
    assert run(small, "up", *SMALL)[0] == 0
    before = list(pids(small).values())
    file = Paths(small).stack_file
    text = file.read_text()
    for damaged in ("", "[]", text.replace('"ports"', '"porters"')):
        file.write_text(damaged)
        code, answer, _ = run(small, "status")
        assert (code, answer["data"]["finding"]["code"], answer["data"]["healthy"]) == (3, "damaged", False)
        assert {one["name"] for one in answer["data"]["programs"]} == set(pids(small))
        checks = {one["name"]: one for one in run(small, "doctor")[1]["data"]["checks"]}
        assert checks["stack file"]["state"] == "broken"
    code, answer, talk = run(small, "down")
    assert (code, answer["data"]["was_running"]) == (0, True), talk
    assert not [pid for pid in before if psutil.pid_exists(pid)]
    file.write_text(text)


def test_a_running_stack_whose_pid_file_is_lost_is_stopped(small: Path) -> None:
    assert run(small, "up", *SMALL)[0] == 0
    (Paths(small).run / "supervisord.pid").write_text("")
    assert run(small, "status")[0] == 0
    assert run(small, "down")[1]["data"]["was_running"] is True
    assert supervisor_pid(small) is None


def test_what_a_version_that_did_not_mark_has_started_is_stopped_marked_and_closed_to_others(
    small: Path,
) -> None:
    assert run(small, "up", *SMALL)[0] == 0
    before = pids(small)
    (small / folder.MARK).unlink()
    for path in (small, small / "data", small / "run", small / "stack.json"):
        path.chmod(0o755)
    assert run(small, "up", *SMALL)[0] == 0
    assert not set(before.values()) & set(pids(small).values())
    assert folder.mark_of(small) is not None
    assert open_to_others(small) == passage(small)


def test_down_keeps_the_data_and_up_finds_it(small: Path) -> None:
    with database(small) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    code, answer, _ = run(small, "down")
    assert (code, answer["data"]["was_running"]) == (0, True)
    assert run(small, "status")[0] == 4
    assert run(small, "down")[1]["data"]["was_running"] is False

    assert run(small, "up", *SMALL)[0] == 0
    with database(small) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    assert run(small, "purge", "--yes")[0] == 0
    assert not small.exists()


def database(home: Path) -> psycopg.Connection[Any]:
    """A connection by the address that `status --json` tells."""
    servers = run(home, "status")[1]["data"]["servers"]
    assert (home / "secrets" / "postgres").read_text().strip() not in json.dumps(servers)
    return psycopg.connect(next(server["dsn"] for server in servers if server["name"] == "postgres"))


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


def test_a_single_server_is_restarted(stack: Stack) -> None:
    before = pids(stack.home)
    assert run(stack.home, "restart", "redis")[1]["data"]["programs"] == ["redis"]
    after = pids(stack.home)
    assert {name for name in before if before[name] != after[name]} == {"redis"}
    assert run(stack.home, "restart", "nobody")[0] == 2


def test_logs_are_shown_by_program(stack: Stack) -> None:
    assert programs_logged(stack.home, "postgres") == {"postgres"}
    # another test had a second TaskManager, whose log is kept
    last = {"flink-taskmanager-2"}
    assert programs_logged(stack.home, "flink") - last == {"flink-jobmanager", "flink-taskmanager"}
    assert programs_logged(stack.home, "taskmanager") - last == {"flink-taskmanager"}
    assert run_plain(stack.home, "logs", "nobody") == 2


def programs_logged(home: Path, name: str) -> set[str]:
    """Whose lines `logs NAME` shows; the last ones of each."""
    argv = [sys.executable, "-m", "fraudctl", "logs", name, "--lines", "5", "--json", "--home", str(home)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return {line["program"] for line in map(json.loads, done.stdout.splitlines())}


def run_plain(home: Path, *arguments: str) -> int:
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)]
    return subprocess.run(argv, capture_output=True, check=False).returncode
