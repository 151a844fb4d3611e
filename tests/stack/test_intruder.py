"""Another user of the machine gets nothing out of a running stack: no port, no file, no process."""

from __future__ import annotations

import configparser
import os
import shlex
import stat
from pathlib import Path

import pytest

from fraudctl.engines import targets
from fraudctl.engines.local import confine
from fraudctl.engines.local.configuration import socket_path
from fraudctl.home.stack import Stack
from fraudctl.home.unprivileged import user_of
from tests import intruder, web_page
from tests.stack.cli import data_of

TASKMANAGER_MAIN = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"


@pytest.fixture(scope="module", autouse=True)
def something_to_take(stack: Stack) -> None:
    """Payments in the log, and decisions in the stores."""
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "50", "--duration", "3s", "--seed", "5")


def metrics_ports(stack: Stack) -> list[int]:
    """Those that are open to everybody: they show counts, and neither ids nor amounts."""
    return [int(address.rpartition(":")[2]) for address in targets.of(stack).values()]


def test_no_port_answers_who_has_no_secret(stack: Stack) -> None:
    assert len(intruder.ports(stack.home)) - len(metrics_ports(stack)) > 8
    assert intruder.got_from_ports(stack.home, metrics_ports(stack)) == []


def test_no_jar_is_taken_no_rule_is_put_into_force_and_no_payment_is_read(stack: Stack) -> None:
    assert intruder.as_another(lambda: intruder.uploaded_by(stack)) == []
    assert intruder.as_another(lambda: intruder.got_from_kafka(stack)) == []
    assert intruder.as_another(lambda: intruder.got_from_stores(stack)) == []


def test_no_page_of_the_web_reads_or_changes_anything_at_any_port(stack: Stack) -> None:
    """But for the figures of Flink's reporter, under a name that the page has led here (docs/security.md)."""
    reporters = [port for role, port in stack.ports["flink"].items() if role.endswith("-metrics")]
    every = [one.number for one in intruder.ports(stack.home)]
    assert set(metrics_ports(stack)) < set(every)
    assert web_page.got(every, deaf=reporters) == []


@pytest.mark.skipif(not intruder.IS_ANOTHER, reason="only root can be another user")
def test_no_file_of_the_home_and_no_process_of_the_stack_can_be_looked_into(stack: Stack) -> None:
    assert intruder.got_from_files(stack.home) == []


@pytest.mark.skipif(not intruder.IS_ANOTHER, reason="only root can be another user")
def test_nothing_that_a_stack_has_outside_of_its_home_can_be_opened(stack: Stack) -> None:
    """Shared memory, temporary files, counters of JVMs, sockets without a port, datagrams."""
    assert intruder.got_from_outside(stack.home) == []
    assert [one for one in intruder.outside(stack.home) if not one.startswith("/dev/shm/PostgreSQL.")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could start programs as root")
def test_no_program_of_a_stack_that_root_starts_has_anything_of_roots(stack: Stack) -> None:
    """Neither a user, a group or a right of root, nor a way to get it back."""
    user, pids = user_of(stack.home), [one.pid for one in intruder.processes(stack.home)]
    assert len(pids) > 8
    assert {intruder.standing(pid) for pid in pids} == {intruder.Standing((user,) * 8, 0, True)}


def test_the_supervisor_obeys_its_owner_alone(stack: Stack) -> None:
    mode = socket_path(stack.home).stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)


def test_what_everybody_may_read_of_a_stack_holds_no_id(stack: Stack) -> None:
    shown = [intruder.metrics(port) for port in metrics_ports(stack)]
    assert all(shown)
    users = {one["user_id"] for one in data_of(stack, "alerts")["alerts"]}
    assert users
    assert [user for user in users for text in shown if user in text] == []


@pytest.mark.skipif(confine.version() == 0, reason="this kernel has no Landlock")
def test_a_plug_in_that_has_taken_over_a_worker_has_the_log_and_nothing_beside(stack: Stack) -> None:
    [worker] = [one for one in intruder.processes(stack.home) if TASKMANAGER_MAIN in one.cmdline()]
    assert "Seccomp:\t2" in Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    started = shlex.split(supervised(stack, "flink-taskmanager"))
    limits = started[: started.index(worker.cmdline()[0])]
    got = intruder.got_from_within(stack.home, worker, limits)
    flink, broker = stack.ports["flink"], stack.ports["kafka"]["broker"]
    reached = sorted((broker, *(flink[role] for role in ("rpc", "blob", "data"))))
    secrets = ("flink", "flink-trust.p12", "flink.key.pem", "flink.p12", "flink.pem", "kafka")
    own = [f"reads secrets/{name}" for name in secrets]
    if confine.version() < confine.WITH_SCOPES:
        own.append("signals others")
    if confine.version() < confine.WITH_NETWORK:
        got, reached = [one for one in got if not one.startswith("reaches 1")], []
    assert got == [*own, *(f"reaches {port}" for port in reached)]


def supervised(stack: Stack, program: str) -> str:
    """The command by which the supervisor starts it."""
    file = configparser.RawConfigParser()
    file.read(stack.paths.run / "supervisord.conf")
    return file[f"program:{program}"]["command"].replace("%%", "%")
