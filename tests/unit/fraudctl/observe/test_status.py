"""What `status` calls well, and what is told of a stack whose Kafka is known not to answer."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.engines import workers
from fraudctl.engines.contract import Condition, ProgramState, ServerHealth
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs import live, live_answers
from fraudctl.observe import overview, status
from fraudctl.settings import reading
from pipeline.records.clock import now_ms
from tests.mock_kafka import MockKafka
from tests.unit.fraudctl.conftest import MakeStack
from tests.unit.fraudctl.flink.flink_double import Cluster

AWAY = "Kafka: no connection"


def test_a_broker_that_hangs_is_asked_by_its_health_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        address = f"127.0.0.1:{hangs.getsockname()[1]}"
        stores = {"postgres": "127.0.0.1:1", "redis": "127.0.0.1:1"}
        stack = Stack(tmp_path, reading.load("default", {}, {}), {"kafka": address, **stores})
        began_s = time.monotonic()
        sinks, rates = status.sinks(stack, {}, AWAY), status.rates(stack, AWAY)
    assert time.monotonic() - began_s < 5
    assert {(one["lag"], one["healthy"], one.get("last_error")) for one in sinks} == {(None, False, AWAY)}
    assert (rates["decisions"], set(rates["per_second"].values())) == (None, {None})


def test_only_a_kafka_that_is_ill_is_away() -> None:
    ill = ServerHealth("kafka", "Kafka", "127.0.0.1:1", False, "no connection", ())
    well, other = replace(ill, healthy=True), replace(ill, name="redis")
    assert [overview.kafka_away([other, one]) for one in (ill, well)] == [AWAY, ""]


@pytest.mark.parametrize(
    ("wanted", "flink", "tasks", "expected"),
    [
        ("running", "RUNNING", "RUNNING", ("RUNNING", True)),
        ("running", "RUNNING", "INITIALIZING", ("RUNNING", False)),
        ("running", None, "", ("none", False)),
        ("stopped", None, "", ("stopped", True)),
        ("stopped", "RUNNING", "RUNNING", ("RUNNING", False)),
        ("stopped", "RESTARTING", "CREATED", ("RESTARTING", False)),
    ],
)
def test_a_job_is_well_where_it_is_as_wanted_and_every_command_says_so_alike(
    stack: Stack, cluster: Cluster, wanted: str, flink: str | None, tasks: str, expected: tuple[str, bool]
) -> None:
    jobs.want(stack, wanted=wanted)
    if flink:
        cluster.add("a", state=flink)
        cluster.task_state = tasks
    found = status.job(stack)
    assert (found["state"], found["healthy"]) == expected
    assert live_answers.is_as_wanted(live.status(stack)) == expected[1]
    is_half = (wanted, tasks) == ("running", "INITIALIZING")
    assert found.get("reason") == ("not all of its tasks run" if is_half else None)


def test_a_job_that_somebody_stopped_is_said_to_be_stopped_and_how_it_goes_on(stack: Stack) -> None:
    jobs.want(stack, wanted="stopped")
    stopped = "the job is stopped, as wanted, and nothing is decided; go on with: fraudctl job submit"
    assert live_answers.words(live.status(stack)) == stopped
    assert overview.summary([], is_stopped=True) == f"{stopped}; all else is well"
    assert overview.summary(["redis"], is_stopped=True) == f"not well: redis; {stopped}"
    assert overview.summary([], is_stopped=False) == "everything is well"


def test_a_job_that_is_not_as_wanted_says_the_last_error(stack: Stack, cluster: Cluster) -> None:
    jobs.want(stack, wanted="running")
    jobs.write_json(stack.paths.jobs / "keeper.json", {"state": "failed", "last_error": "no slots"})
    assert live_answers.words(live.status(stack)) == (
        "the job is to run and is not there; last error: no slots"
    )
    cluster.add("a", state="RESTARTING")
    assert live_answers.words(live.status(stack)).startswith("the job is to run and is RESTARTING (a); ")
    jobs.want(stack, wanted="stopped")
    assert live_answers.words(live.status(stack)).startswith("the job is to be stopped and is RESTARTING")


def test_a_paused_writer_is_well_and_named_with_the_way_on() -> None:
    assert overview.summary([], is_stopped=False, paused=["redis"]) == (
        "the writer of redis is paused, as wanted; go on with: fraudctl sinks resume redis; all else is well"
    )


def test_a_writer_is_as_sinks_status_has_it(make_stack: MakeStack) -> None:
    ran = ProgramState("sink-redis", Condition.RUNNING, 7, 1)

    with MockKafka("risk.decisions") as kafka:
        stack = make_stack(kafka=kafka.address, redis="127.0.0.1:4")
        (silent,) = status.sinks(stack, {"sink-redis": ran})
        workers.pause_file(stack, "redis").parent.mkdir(parents=True)
        workers.pause_file(stack, "redis").touch()
        (paused,) = status.sinks(stack, {"sink-redis": ran})
    assert (silent["state"], silent["healthy"], silent["lag"]) == ("silent", False, 0)
    assert (paused["state"], paused["healthy"], paused["lag"]) == ("paused", True, 0)


def test_people_are_told_of_the_job_in_words(stack: Stack, cluster: Cluster) -> None:
    jobs.want(stack, wanted="running")
    cluster.add("a", start_ms=now_ms() - 75_000)
    _, table = overview.tables([], status.job(stack), [])
    assert [head for head, _ in table.rows] == ["state", "wanted", "id", "up", "checkpoints"]
    told = dict(table.rows)
    assert (told["state"], told["wanted"], told["id"]) == ("RUNNING", "running", "a")
    assert told["up"].startswith("1 min ")
    assert told["checkpoints"].startswith("3 complete, 1 failed")
