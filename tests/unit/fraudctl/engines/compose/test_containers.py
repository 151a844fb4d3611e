"""What Docker says of a container, and what of it a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines import health
from fraudctl.engines.compose import containers
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import Failed
from fraudctl.servers import names
from tests import docker_double
from tests.unit.fraudctl.engines.compose.test_services import a_stack


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, ""),
        ({"Health": {"Status": "starting", "Log": []}}, ""),
        ({"Health": {"Status": "healthy", "Log": [{"ExitCode": 1, "Output": "once it failed"}]}}, ""),
        ({"Health": {"Status": "unhealthy", "Log": []}}, "its check of health fails: without a word"),
        (
            {"Health": {"Status": "unhealthy", "Log": [{"Output": "bash: a\n"}, {"Output": "bash: b\n\n"}]}},
            "its check of health fails: bash: b",
        ),
    ],
)
def test_a_check_of_health_that_fails_is_told_by_its_last_words(state: dict[str, Any], said: str) -> None:
    assert containers.unwell(state) == said


def test_a_program_that_runs_and_does_not_do_its_work_is_unwell(tmp_path: Path) -> None:
    stack = a_stack(tmp_path, "sinks: {redis: {}}", without=names())
    states = {
        "keeper": ProgramState("keeper", Condition.RUNNING, 1),
        "ticker": ProgramState("ticker", Condition.RUNNING, 2, reason="its check of health fails: no answer"),
        "sink-redis": ProgramState("sink-redis", Condition.STOPPED),
    }
    found = {one.name: (one.healthy, one.reason) for one in health.health(stack, states, lambda _: ())}
    assert {name: found[name] for name in states} == {
        "keeper": (True, ""),
        "ticker": (False, "its check of health fails: no answer"),
        "sink-redis": (False, "it is stopped"),
    }


def test_without_a_docker_it_is_told_where_one_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with pytest.raises(Failed) as failure:
        containers.Containers(tmp_path).all()
    assert failure.value.message == f"Docker does not answer: {socket}: no such file or directory"


def test_a_docker_that_went_away_since_it_was_first_asked_is_told_as_one_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = containers.Containers(tmp_path)
    # No connection outlives an answer, for the end of which the double would wait.
    monkeypatch.setattr(docker_double._Daemon, "protocol_version", "HTTP/1.0")
    with docker_double.docker(tmp_path) as found:
        monkeypatch.setenv("DOCKER_HOST", found["DOCKER_HOST"])
        assert there.states() == {}
    with pytest.raises(Failed, match="Docker does not answer: ") as failure:
        there.states()
    assert failure.value.code == "no_docker"
