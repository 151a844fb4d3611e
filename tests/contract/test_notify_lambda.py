"""The notifier as a function of AWS Lambda: records of a stream, of a pipe and of an event bus."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl.aws import package
from pipeline import notifier
from tests import lambda_runtime
from tests.contract import notifying
from tests.contract.notifying import BURST, World, decision
from tests.lambda_runtime import Answer
from tests.waiting import await_that


@pytest.fixture
def world(dynamodb_server: Any) -> Iterator[World]:
    with notifying.slack_people() as people:
        world = World("slack", people, dynamodb_server.address)
        yield world
        world.close()


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv(notifier.CONFIG_VARIABLE, json.dumps(world.document))
    world.sink.write([decision("e1", 0, BURST), decision("e2", 1, BURST), decision("fine", 2)])
    return world


def test_records_of_a_stream_are_told_once(told: World) -> None:
    event = {"Records": told.records()}
    assert notifier.lambda_handler(event, None) == {"batchItemFailures": []}
    assert notifier.lambda_handler(event, None) == {"batchItemFailures": []}
    assert len(told.people.got) == 2


def test_a_pipe_and_an_event_bus_bring_the_same(told: World) -> None:
    notifier.lambda_handler(told.records(), None)
    for record in told.records():
        notifier.lambda_handler({"source": "fraud", "detail-type": "alert", "detail": record}, None)
    assert len(told.people.got) == 2


def test_what_cannot_be_sent_now_is_asked_for_again(told: World) -> None:
    told.people.answers = ["later", "later"]  # should the first pause be over too soon
    event = {"Records": told.records()}
    first = event["Records"][0]["dynamodb"]["SequenceNumber"]
    answer = notifier.lambda_handler(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}]}
    with pytest.raises(RuntimeError, match="not every alert"):
        notifier.lambda_handler({"detail": {"Records": event["Records"]}}, None)
    await_that(lambda: notifier.lambda_handler(event, None) == {"batchItemFailures": []}, "then it goes")
    assert len(told.people.got) == 2


def test_the_packed_function_answers_as_lambdas_own_runtime_asks(told: World, tmp_path: Path) -> None:
    """By a pipe, which brings a list of records and takes an error for all of them."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    packed = package.function(tmp_path / "function.zip", python).path
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}
    env = {notifier.CONFIG_VARIABLE: json.dumps(told.document), **keys}
    done = Answer({"batchItemFailures": []})
    with lambda_runtime.running(packed, tmp_path, "pipeline.notifier.lambda_handler", env) as function:
        assert [function.invoke(told.records()) for _ in range(2)] == [done, done], function.log.read_text()
        assert len(told.people.got) == 2
        told.sink.write([decision("e3", 3, BURST)])
        told.people.answers = ["later", "later"]
        assert function.invoke(told.records()) == Answer(failed="RuntimeError")
        await_that(lambda: function.invoke(told.records()) == done, "then it goes")
    assert len(told.people.got) == 3
