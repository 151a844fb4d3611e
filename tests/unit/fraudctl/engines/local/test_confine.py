"""A plug-in that got past every check is a program in Flink's worker: what it can do there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines.local import confine, confinement
from fraudctl.home.private_files import write_atomically
from fraudctl.home.secret import renewed_in_place
from fraudctl.home.stack import Stack
from fraudctl.servers import Program
from fraudctl.settings import reading

pytestmark = pytest.mark.skipif(confine.version() == 0, reason="this kernel has no Landlock")
WORKER = "flink-taskmanager"
CLOSED, BROKER = 65_011, 65_012
"""ports on which nobody listens: who may connect is refused by the other side"""
_ATTACK = """
import json, os, socket, subprocess, sys
def tried(act):
    try:
        return act()
    except OSError as error:
        return type(error).__name__
home, parent = sys.argv[1], os.getppid()
def read(name): return tried(lambda: open(f"{home}/{name}").read())
def write(name): return tried(lambda: open(f"{home}/{name}", "w").write("taken"))
def connect(port, *kind):
    with socket.socket(*kind) as made:
        made.connect(("127.0.0.1", port))
def fast(port):
    with socket.socket() as made:
        made.sendto(b"x", 0x20000000, ("127.0.0.1", port))
def unlike(port):
    connect(port, socket.AF_INET, socket.SOCK_STREAM, 262)
def listen(port):
    with socket.socket() as made:
        made.bind(("127.0.0.1", port))
        return "listens"
def shell(line): return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True).stdout
print(json.dumps({
    "reads the password of the log": read("secrets/kafka"),
    "reads the key that signs rules": read("secrets/rules-signing-key"),
    "reads the password of a store": read("secrets/postgres"),
    "reads the data of a store": read("data/postgres/table"),
    "lists the secrets": tried(lambda: os.listdir(f"{home}/secrets")),
    "has a shell read them": shell(f"cat {home}/secrets/*"),
    "changes what is wanted of the job": write("jobs/live.json"),
    "adds a job": write("jobs/other.json"),
    "changes the stack": write("stack.json"),
    "changes the packages": tried(lambda: open(sys.argv[2] + "/taken.pth", "w").close()),
    "takes another's place": tried(lambda: os.rename(f"{home}/checkpoints/own", f"{home}/jobs/live.json")),
    "leaves a file for all": tried(lambda: open("/tmp/taken-by-a-plug-in", "w").close()),
    "writes a checkpoint": write("checkpoints/one"),
    "asks the log": tried(lambda: connect(int(sys.argv[3]))),
    "asks a store": tried(lambda: connect(int(sys.argv[4]))),
    "asks a store with its first words": tried(lambda: fast(int(sys.argv[4]))),
    "asks a store by another protocol": tried(lambda: unlike(int(sys.argv[4]))),
    "sends a datagram": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
    "asks a service behind a file": tried(lambda: socket.socket(socket.AF_UNIX).close()),
    "waits for the clients of a store": tried(lambda: listen(int(sys.argv[4]))),
    "listens for others of its kind": tried(lambda: listen(0)),
    "looks into who started it": tried(lambda: open(f"/proc/{parent}/environ").read()),
    "ends who started it": tried(lambda: os.kill(parent, 0)),
}))
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack's home with what an intruder looks for."""
    ports = {"kafka": {"broker": BROKER}}
    at = {"kafka": f"127.0.0.1:{BROKER}"}
    made = Stack(tmp_path / "home", reading.load("default"), at, ports, is_closed=True)
    for name in ("secrets/kafka", "secrets/rules-signing-key", "secrets/postgres", "data/postgres/table"):
        write_atomically(made.home / name, f"of {name}")
    for name in ("jobs/live.json", "stack.json", "checkpoints/own", "data/flink/mark"):
        write_atomically(made.home / name, "kept")
    return made


def what_it_does(stack: Stack) -> dict[str, Any]:
    packages = str(Path(pytest.__file__).parents[1])
    attack = [sys.executable, "-I", "-S", "-c", _ATTACK, str(stack.home), packages, str(BROKER), str(CLOSED)]
    program = confinement.confined(stack, Program(WORKER, attack))
    argv = [one for one in program.argv if not one.startswith("-Djava")]
    done = subprocess.run(
        argv, cwd=program.directory, env={**os.environ, **program.env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_finds_no_secret_but_that_of_the_log_and_changes_nothing_but_the_jobs_state(stack: Stack) -> None:
    found = what_it_does(stack)
    signal, looked = found.pop("ends who started it"), found.pop("looks into who started it")
    network = {name: found.pop(name) for name in list(found) if name.startswith(("asks", "waits", "listens"))}
    assert found == {
        "reads the password of the log": "of secrets/kafka",
        "reads the key that signs rules": "PermissionError",
        "reads the password of a store": "PermissionError",
        "reads the data of a store": "PermissionError",
        "lists the secrets": "PermissionError",
        "has a shell read them": "",
        "changes what is wanted of the job": "PermissionError",
        "adds a job": "PermissionError",
        "changes the stack": "PermissionError",
        "changes the packages": "PermissionError",
        "takes another's place": "PermissionError",
        "leaves a file for all": "PermissionError",
        "writes a checkpoint": 5,
        "sends a datagram": "OSError",
    }
    if confine.version() >= confine.WITH_NETWORK:
        assert network == {
            "asks the log": "ConnectionRefusedError",
            "asks a store": "PermissionError",
            "asks a store with its first words": "PermissionError",
            "asks a store by another protocol": "OSError",
            "asks a service behind a file": "OSError",
            "waits for the clients of a store": "PermissionError",
            "listens for others of its kind": "listens",
        }
    if os.geteuid() != 0:  # root's right to measure others goes beyond, and a worker never has it
        assert looked == "PermissionError"
    if confine.version() >= confine.WITH_SCOPES:
        assert signal == "PermissionError"
    assert (stack.home / "jobs" / "live.json").read_text() == "kept"


def test_a_password_of_the_log_that_is_changed_is_read_by_a_worker_that_runs(stack: Stack) -> None:
    script = "import sys; sys.stdin.readline(); print(open(sys.argv[1]).read())"
    file = stack.paths.secret_file("kafka")
    attack = [sys.executable, "-I", "-S", "-c", "print('in', flush=True);" + script, str(file)]
    program = confinement.confined(stack, Program(WORKER, attack))
    argv = [one for one in program.argv if not one.startswith("-Djava")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "in\n"
        renewed = renewed_in_place(file)
        child.stdin.write("go\n")
        child.stdin.close()
        assert child.stdout.read().startswith(renewed)


def test_other_programs_are_as_they_were(stack: Stack) -> None:
    program = Program("keeper", ["true"])
    assert confinement.confined(stack, program) == replace(program)
