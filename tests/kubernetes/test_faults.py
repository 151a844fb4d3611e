"""`chaos run` in a cluster as a whole, by the command line: pods go while a Job sends, another compares.

The API server is real, and so are Kafka, Flink, stores, writers, traffic and comparison: those of a stack on
this machine, for which the pods stand (`kubelet.py`).
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from fraudctl import engines
from fraudctl.engines.kubernetes import mounted
from fraudctl.home.stack import Stack
from tests.api_server import ApiServer
from tests.homes import given_or_started
from tests.kubernetes.cli import RELEASE, Cli
from tests.kubernetes.doubles import at_work
from tests.kubernetes.kubelet import Kubelet, node
from tests.waiting import LONG_S, await_that

TRAFFIC = ("--rate", "100", "--duration", "12s", "--after", "2s")
HOLDS = ["every accepted event has a decision", "every store holds what the log holds"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with given_or_started("kubelet") as made:
        yield made


@pytest.fixture(scope="module")
def cli(server: ApiServer, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder = tmp_path_factory.mktemp("cluster")
    kubelet, found = Kubelet(server, stack, folder), Cli(server, folder)
    with node(server, folder):
        try:
            with at_work(server, RELEASE, kubelet):
                found.up()
                yield found
                found("purge", "--yes")
        finally:
            kubelet.stop()


def pods(server: ApiServer, program: str) -> set[str]:
    return {it["metadata"]["name"] for it in server.get("pods") if f"-{program}-" in it["metadata"]["name"]}


def left(server: ApiServer) -> list[str]:
    """Jobs and pods of commands."""
    names = [it["metadata"]["name"] for it in server.get("jobs,pods")]
    return [name for name in names if f"-{mounted.COMMAND}-" in name]


def assert_borne(answer: dict[str, Any]) -> None:
    data = answer["data"]
    assert [(one["what"], one["holds"]) for one in data["checks"]] == [(what, True) for what in HOLDS]
    assert (data["traffic"]["accepted"], data["traffic"]["lost"]) == (1_200, 0)
    assert {name for name, one in data["verify"]["sinks"].items() if one["held"]} == {"postgres", "redis"}


def test_a_pod_that_is_deleted_under_traffic_loses_nothing(cli: Cli, server: ApiServer, stack: Stack) -> None:
    before, pid = pods(server, "sink-postgres"), engines.of(stack).programs(stack)["sink-postgres"].pid
    answer = cli("chaos", "run", "kill-sink-postgres", *TRAFFIC)
    assert_borne(answer)
    assert "borne, nothing was lost" in answer["summary"]
    assert pods(server, "sink-postgres").isdisjoint(before)
    assert engines.of(stack).programs(stack)["sink-postgres"].pid != pid
    await_that(lambda: left(server) == [], "the Jobs and their pods are gone")


def test_a_program_that_is_away_for_a_while_loses_nothing(cli: Cli, server: ApiServer) -> None:
    answer = cli("chaos", "run", "stop-redis", "--on", "sink-redis", "--for", "3s", *TRAFFIC)
    assert_borne(answer)
    assert answer["data"]["outage_s"] >= 3
    await_that(lambda: left(server) == [], "the Jobs and their pods are gone")


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_starts_what_was_stopped_and_leaves_no_traffic(
    cli: Cli, server: ApiServer, ends: signal.Signals
) -> None:
    process = cli.begin("chaos", "run", "stop-redis", "--on", "sink-redis", "--for", "300s", *TRAFFIC[:4])
    try:
        await_that(lambda: pods(server, "sink-redis") == set(), "it is stopped", LONG_S)
        process.send_signal(ends)
        assert process.wait(60) == 130
    finally:
        process.kill()
    assert [it for it in server.get("jobs") if f"-{mounted.COMMAND}-" in it["metadata"]["name"]] == []
    await_that(lambda: cli("status", code=None)["data"]["healthy"], "all is well again", LONG_S)


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("cut-redis", "usage", "none can be struck so"),
        ("kill-postgres", "no_target", "this stack has no postgres"),
        ("kill-keeper", "no_target", "this stack has no keeper"),
    ],
)
def test_what_cannot_be_struck_there_is_refused_before_a_job_is_made(
    cli: Cli, server: ApiServer, fault: str, code: str, said: str
) -> None:
    answer = cli("chaos", "run", fault, code=2)
    assert (answer["error"]["code"], said in answer["error"]["message"]) == (code, True), json.dumps(answer)
    assert left(server) == []
