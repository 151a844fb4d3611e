"""A stack in containers does what one of processes does. The tests follow each other, the last deletes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl import engines
from fraudctl.engines.compose.project import Project, project_name
from fraudctl.errors import Failed
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from tests.compose.conftest import FILES, data_of, docker, fraudctl
from tests.stack.flow import await_sinks, await_that
from tests.waiting import LONG_S

EVENTS = 5_000
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "500", "--duration", "10s", "--seed", "7")


def test_five_thousand_events_are_decided_and_every_store_holds_what_the_log_holds(stack: Stack) -> None:
    sent = data_of(stack.home, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    assert verified(stack) == {"postgres": EVENTS, "redis": sent["alerts"]}
    assert data_of(stack.home, "status")["healthy"]


@pytest.mark.parametrize("fault", ["kill-taskmanager", "kill-postgres", "pause-kafka"])
def test_a_container_that_is_struck_under_load_costs_nothing(stack: Stack, fault: str) -> None:
    found = fraudctl(stack.home, "chaos", "run", fault)
    assert found["exit_code"] == 0, found


def test_a_replay_of_the_log_decides_the_same(stack: Stack) -> None:
    found = data_of(stack.home, "replay", "--rules", "default", "--diff", "live")
    assert (found["changed"], found["added"], found["removed"]) == (0, 0, 0)
    assert found["compared"] > EVENTS


def test_more_taskmanagers_give_more_slots(stack: Stack) -> None:
    flink, file = Flink(stack.flink), str(Project(stack.paths).file)
    before = flink.overview().slots
    asked = ("compose", "-p", project_name(stack.home), "-f", file, "up", "-d", "--no-deps", "--no-recreate")
    docker(*asked, "--scale", "flink-taskmanager=2", "flink-taskmanager")
    await_that(lambda: flink.overview().slots == 2 * before, LONG_S, lambda: f"{flink.overview()}")
    assert "flink-taskmanager-2" in engines.of(stack).programs(stack)
    docker(*asked, "--scale", "flink-taskmanager=1", "flink-taskmanager")


def test_another_engine_is_refused_in_that_home(stack: Stack) -> None:
    with pytest.raises(Failed, match="a stack of another engine runs in"):
        engines.for_up(stack.home, "local")


def test_down_and_up_keep_what_was_decided(stack: Stack) -> None:
    before = logged(stack)
    assert data_of(stack.home, "down")["savepoint"]
    assert not engines.of(stack).is_running(stack.home)
    data_of(stack.home, "up", "--any-port", "--wait", "300")
    again = engines.current(stack.home)
    assert (again.addresses, logged(again)) == (stack.addresses, before)
    assert sum(verified(again).values()) > EVENTS


def test_the_shipped_files_are_valid_for_everybody(tmp_path: Path) -> None:
    for arguments in ((), ("--profile", "all-sinks"), ("--profile", "*")):
        docker("compose", "-f", str(FILES / "compose.yaml"), *arguments, "config", "-q")


def test_purge_leaves_no_container_network_or_volume(stack: Stack) -> None:
    label = f"label=com.docker.compose.project={project_name(stack.home)}"
    assert docker("volume", "ls", "-q", "--filter", label)
    data_of(stack.home, "purge", "--yes")
    assert docker("ps", "-aq", "--filter", label) == ""
    assert docker("network", "ls", "-q", "--filter", label) == ""
    assert docker("volume", "ls", "-q", "--filter", label) == ""
    assert not stack.home.exists()


def verified(stack: Stack) -> dict[str, int]:
    """How many decisions each store holds once its writer has caught up; all must be as in the log."""
    await_sinks(stack)
    found = data_of(stack.home, "verify", "sinks")
    return {sink: one["held"] for sink, one in found["sinks"].items()}


def logged(stack: Stack) -> list[bytes | None]:
    return [record.value for record in tail.records(stack.kafka, stack.profile.topics.decisions)]
