"""Where a sink is sent to, and what is said of one whose writer is not there. Kafka has its own tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from fraudctl.engines import workers, writers
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import places
from pipeline.metrics import SinkStatus
from tests.mock_kafka import MockKafka


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    return make_stack(kafka="127.0.0.1:1", redis="127.0.0.1:4")


@pytest.mark.parametrize(
    ("text", "expected"), [("2h", 1_800_000), ("90s", 8_910_000), ("2026-11-23T00:00:00Z", 1_795_392_000_000)]
)
def test_a_time_is_an_age_or_a_moment(text: str, expected: int) -> None:
    assert places.time_ms(text, 9_000_000) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "0:1;1:2", "2026-11-23T00:00:00", "0:"])
def test_what_is_no_place_in_the_log_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        places.time_ms(text, 0)
    assert "0:1200,1:1180" in caught.value.hint


def test_an_unknown_sink_is_refused_with_those_there_are(stack: Stack) -> None:
    assert writers.check(stack, "redis") == "redis"
    with pytest.raises(UsageError) as caught:
        writers.check(stack, "postgres")
    assert caught.value.hint == "sinks of this stack: redis"


def test_a_writer_that_does_not_run_heeds_a_pause_when_it_starts(stack: Stack) -> None:
    assert writers.pause(stack, "redis")
    assert not writers.pause(stack, "redis")
    config = workers._sink(stack, "redis")
    assert Path(config["pause_file"]).exists()
    assert writers.resume(stack, "redis")
    assert not writers.resume(stack, "redis")
    assert not Path(config["pause_file"]).exists()


def test_a_writer_is_silent_waiting_or_running_by_what_it_last_said(stack: Stack) -> None:
    ran, now = ProgramState("sink-redis", Condition.RUNNING, 7, 1), time.time_ns() // 1_000_000
    said = [
        None,
        SinkStatus("redis", updated_ms=now - 60_000),
        SinkStatus("redis", updated_ms=now, paused=True),
        SinkStatus("redis", updated_ms=now),
    ]
    states = [writers.state(stack, "redis", {"sink-redis": ran}, one) for one in said]
    assert states == ["silent", "silent", "waiting", "running"]
    young = replace(ran, started_s=now // 1_000)
    begun = {"sink-redis": young}
    assert [writers.state(stack, "redis", begun, one) for one in said[:2]] == ["starting", "starting"]
    workers.status_file(stack, "redis").parent.mkdir(parents=True)
    workers.status_file(stack, "redis").write_text(json.dumps({"sink": "redis", "lag": 3}))
    assert writers._said(stack, "redis") == SinkStatus("redis", lag=3)
    others = {"ticker": replace(ran, name="ticker")}
    assert [writers.state(stack, "redis", others, one) for one in said] == ["absent"] * 4


def test_where_nobody_looks_after_programs_a_writer_is_how_it_says_and_unseen_where_it_says_nothing(
    stack: Stack,
) -> None:
    now = time.time_ns() // 1_000_000
    said = [
        None,
        SinkStatus("redis", updated_ms=now - 60_000),
        SinkStatus("redis", updated_ms=now, paused=True),
        SinkStatus("redis", updated_ms=now),
    ]
    assert [writers.state(stack, "redis", {}, one) for one in said] == [
        "unseen",
        "silent",
        "waiting",
        "running",
    ]
    assert writers.pause(stack, "redis")
    assert writers.state(stack, "redis", {}, said[-1]) == "paused"


def test_the_status_tells_every_figure_that_a_writer_reports(stack: Stack) -> None:
    reported = SinkStatus("redis", written=4, retried=2, last_error="away", updated_ms=5, failed_writes=3)
    workers.status_file(stack, "redis").parent.mkdir(parents=True)
    workers.status_file(stack, "redis").write_text(json.dumps(reported.document()))
    with MockKafka() as cluster:
        running = replace(stack, addresses={**stack.addresses, "kafka": cluster.address})
        for topic in (stack.profile.topics.decisions, workers.dead_letters(stack, "redis")):
            cluster.append(topic, b"{}")
        (told,) = writers.status(running)
    ours = {
        "state": "silent",
        "lag": 1,
        "lag_by_partition": {"0": 1, "1": 0, "2": 0, "3": 0},
        "dead_letters": 1,
    }
    figures = {name: value for name, value in asdict(reported).items() if name not in writers.TOLD_OTHERWISE}
    assert told.as_document() == {"name": "redis", **ours, **figures}
