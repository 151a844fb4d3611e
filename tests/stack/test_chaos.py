"""`fraudctl chaos` on the live pipeline: a fault is borne, and undone whatever becomes of the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest
import redis

from fraudctl import engines
from fraudctl.chaos import ledger
from fraudctl.home.stack import Stack
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_sinks, await_that
from tests.waiting import LONG_S

TRAFFIC = ("--rate", "250", "--duration", "8s", "--after", "2s")
ANSWER = {"fault", "plan", "run", "outage_s", "behind", "traffic", "log", "verify", "notifications", "checks"}


@pytest.mark.parametrize(("fault", "options"), [("cut-postgres", ("--for", "4s")), ("duplicate-events", ())])
def test_a_fault_is_borne_and_leaves_nothing_behind(
    stack: Stack, fault: str, options: tuple[str, ...]
) -> None:
    await_sinks(stack)
    found = data_of(stack, "chaos", "run", fault, *TRAFFIC, *options)
    assert found.keys() == ANSWER
    assert [check["holds"] for check in found["checks"]] == [True] * 4, found["checks"]
    assert found["traffic"]["accepted"] == found["log"]["decided"] == 2_000
    assert found["behind"].keys() == {"decisions", *stack.profile.sinks}
    assert (found["outage_s"] is None) == (fault == "duplicate-events")
    assert data_of(stack, "chaos", "list")["on"] == []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_what_is_frozen_goes_on_when_the_command_is_interrupted_or_killed(
    stack: Stack, end: signal.Signals
) -> None:
    await_sinks(stack)
    server = psutil.Process(engines.of(stack).programs(stack)["redis"].pid)
    words = [
        "chaos",
        "run",
        "pause-redis",
        "--for",
        "10m",
        "--rate",
        "50",
        "--duration",
        "20m",
        "--after",
        "1s",
    ]
    argv = [sys.executable, "-m", "fraudctl", *words, "--home", str(stack.home)]
    command = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_that(lambda: server.status() == psutil.STATUS_STOPPED, LONG_S, lambda: "it is not frozen")
        assert [one.fault for one in ledger.entries(stack.home)] == ["pause-redis"]
        os.kill(command.pid, end)
        await_that(lambda: server.status() != psutil.STATUS_STOPPED, LONG_S, lambda: "it is still frozen")
        assert command.wait(LONG_S) == (130 if end == signal.SIGINT else -signal.SIGKILL)
    finally:
        command.kill()
        command.wait()
    await_that(lambda: not ledger.entries(stack.home), LONG_S, lambda: "it is still in the ledger")
    with redis.Redis.from_url(
        stack.sink_address("redis"), password=stack.secret("redis"), socket_timeout=10
    ) as client:
        assert client.ping()


def test_a_fault_that_this_stack_cannot_have_is_refused(stack: Stack) -> None:
    for fault, code in (("kill-dynamodb", "no_target"), ("no-such-fault", "no_fault")):
        answer = ask(stack, "chaos", "run", fault)
        assert (answer["exit_code"], answer["error"]["code"]) == (2, code)
