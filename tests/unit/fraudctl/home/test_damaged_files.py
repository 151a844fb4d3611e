"""A home whose files are damaged, empty, of another shape or of a newer version: named, and never a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.chaos import ledger
from fraudctl.engines import workers
from fraudctl.errors import Failed
from fraudctl.home import jobs, stack
from fraudctl.home.jobs import KeeperState, WantedLive
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.jobs import activations, start_points, states
from fraudctl.keeper import Keeper
from fraudctl.observe import doctor, status
from pipeline.projector import Config
from tests.unit.fraudctl.flink.flink_double import WHOLE, Cluster

DAMAGED = ("", "{", "[]", "5", '{"format": true}')
NEWER = '{"format": 99}'


@pytest.fixture
def here(stack: Stack) -> Stack:
    """What `stack.json` tells of."""
    stack.save()
    return stack


def put(home: Path, name: str, text: str) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def no_jars(here: Stack) -> dict[str, str]:
    """An environment with an empty cache: to sum up 100 MB of jars is most of what `doctor` takes."""
    return {"FRAUDCTL_CACHE": str(here.home / "cache")}


READERS: dict[str, tuple[str, Callable[[Stack], object]]] = {
    "stack": ("stack.json", lambda here: stack.read(here.home)),
    "wanted": ("jobs/live.json", jobs.wanted_live),
    "want": ("jobs/live.json", lambda here: jobs.want(here, wanted="running")),
    "keeper": ("jobs/keeper.json", jobs.keeper_state),
    "submitted": ("jobs/fraudctl-live.config.json", jobs.submitted_live),
    "savepoint": ("jobs/savepoint.json", lambda here: jobs.last_savepoint(here.home)),
    "run": ("jobs/runs/4.json", lambda here: jobs.beginning(here, 4)),
    "writer": ("run/sink-redis.status.json", lambda here: workers.said(here, "redis")),
    "configuration": ("run/sink-redis.json", lambda here: workers.writer(here, "redis")),
    "chaos": ("chaos/cut-redis.json", lambda here: ledger.entries(here.home)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_named_with_its_mend_and_left_as_it_is(here: Stack, reader: str, text: str) -> None:
    name, read = READERS[reader]
    path = put(here.home, name, text)
    with pytest.raises(Damaged) as refused:
        read(here)
    assert refused.value.message.startswith(f"{path} is damaged: ")
    assert refused.value.hint
    assert path.read_text() == text


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(here: Stack, reader: str) -> None:
    name, read = READERS[reader]
    path = put(here.home, name, NEWER)
    with pytest.raises(Newer) as refused:
        read(here)
    assert "purge" not in refused.value.hint
    assert path.read_text() == NEWER


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"addresses": None}, "addresses: input should be an object"),
        ({"ports": {"kafka": {"broker": "9092"}}}, "ports.kafka.broker: input should be a valid integer"),
        ({"profile": {"name": "x"}}, "profile.topics: field required"),
    ],
)
def test_a_stack_file_of_another_shape_is_told_by_path(
    here: Stack, change: dict[str, Any], problem: str
) -> None:
    document = json.loads(here.paths.stack_file.read_text()) | change
    put(here.home, "stack.json", json.dumps(document))
    with pytest.raises(Damaged) as refused:
        stack.read(here.home)
    assert problem in refused.value.message


def test_files_of_the_version_before_are_read_and_written_back_with_their_format(here: Stack) -> None:
    old: dict[str, Any] = {
        "wanted": "stopped",
        "generation": 3,
        "from": "latest",
        "parallelism": 2,
        "reset": None,
    }
    old["hops"] = []
    put(here.home, "jobs/live.json", json.dumps(old))
    assert jobs.wanted_live(here) == WantedLive(generation=3, parallelism=2)
    jobs.want(here, wanted="running")
    found = json.loads((here.paths.jobs / "live.json").read_text())
    assert found == {"format": 1, **old, "wanted": "running", "generation": 4}


@pytest.mark.parametrize("text", [*DAMAGED, NEWER])
def test_down_status_and_doctor_work_with_any_stack_file(
    here: Stack, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(here.home, "stack.json", text)
    assert cli.main(["down", "--home", str(here.home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["was_running"] is False
    assert cli.main(["status", "--home", str(here.home), "--json"]) == 3
    data = json.loads(capsys.readouterr().out)["data"]
    code = "newer" if text == NEWER else "damaged"
    assert (data["healthy"], data["finding"]["code"], data["programs"]) == (False, code, [])
    check = {one.name: one for one in doctor.examine(here.home, no_jars(here))}["stack file"]
    assert (check.state, check.mend) == (doctor.BROKEN, data["finding"]["hint"])


def test_doctor_names_every_damaged_file_about_jobs(here: Stack) -> None:
    names = ("live.json", "keeper.json", "fraudctl-live.config.json", "savepoint.json", "run", "runs/2.json")
    paths = [put(here.home, f"jobs/{name}", "{") for name in names]
    check = {one.name: one for one in doctor.examine(here.home, no_jars(here))}["job files"]
    assert check.state == doctor.BROKEN
    assert [str(path) in check.finding for path in paths] == [True] * len(paths)


def test_the_status_of_the_job_tells_a_damaged_wish_as_its_reason(here: Stack) -> None:
    path = put(here.home, "jobs/live.json", "{")
    found = status.job(here)
    assert (found["state"], found["healthy"]) == ("unknown", False)
    assert str(found["reason"]).startswith(f"{path} is damaged")


def test_a_rule_set_is_not_applied_past_a_damaged_wish(here: Stack) -> None:
    put(here.home, "jobs/live.json", "{")
    with pytest.raises(Damaged):
        activations.of(here)


def looked(here: Stack, submitted: list[Any]) -> Keeper:
    def submit(_: Stack, config: Any, lock: int) -> str:
        submitted.append(config)
        return "job"

    return Keeper(lambda: stack.read(here.home) or here, submit)


def test_the_keeper_goes_on_with_what_it_knew_while_a_file_is_damaged(here: Stack, cluster: Cluster) -> None:
    submitted: list[Any] = []
    jobs.want(here, wanted="running")
    one = looked(here, submitted)
    cluster.add("a")
    one.look()
    for name, text in (("stack.json", "{"), ("jobs/live.json", "")):
        whole = (here.home / name).read_text()
        path = put(here.home, name, text)
        one.look()
        kept = jobs.keeper_state(here)
        assert kept is not None
        assert (kept.state, str(kept.last_error).startswith(f"{path} is damaged")) == ("running", True)
        path.write_text(whole)
        one.look()
        assert one.state.last_error is None
    cluster.jobs.clear()
    put(here.home, "jobs/live.json", "")
    one.look()
    assert [config.run for config in submitted] == [1]


def test_a_keeper_that_never_knew_what_is_wanted_says_so_and_starts_nothing(here: Stack) -> None:
    submitted: list[Any] = []
    path = put(here.home, "jobs/live.json", "{")
    one = looked(here, submitted)
    one.look()
    kept = jobs.keeper_state(here)
    assert kept is not None
    assert (kept.state, kept.failures, submitted) == ("waiting", 0, [])
    assert str(kept.last_error).startswith(f"{path} is damaged")
    path.unlink()
    jobs.want(here, wanted="running")
    one.look()
    assert len(submitted) == 1


def test_the_keeper_writes_its_own_file_anew_when_that_is_damaged(here: Stack, cluster: Cluster) -> None:
    jobs.want(here, wanted="running")
    one = looked(here, [])
    cluster.add("a")
    one.look()
    put(here.home, "jobs/keeper.json", "{")
    one.look()
    assert jobs.keeper_state(here) == one.state


@pytest.mark.parametrize("lost", [None, "", "{"])
def test_a_keeper_whose_file_is_lost_goes_on_with_the_run_that_was_last_submitted(
    here: Stack, lost: str | None
) -> None:
    jobs.want(here, wanted="running")
    put(here.home, "jobs/fraudctl-live.config.json", '{"run": 5, "restore": null, "ruleset": {}}')
    old = put(here.home, "checkpoints/run-4/a/chk-1/_metadata", "x")
    if lost is not None:
        put(here.home, "jobs/keeper.json", lost)
    one = looked(here, [])
    assert (one.state.run, one.state.base, one.state.generation) == (5, None, 1)
    points = states.restore_points(here)
    assert [point.path for point in points] == [old.parent.as_uri()]
    assert start_points.choose(points, one.state, "latest") == start_points.Start(None, None)


def test_a_keeper_leaves_its_file_of_a_newer_version_alone(here: Stack) -> None:
    path = put(here.home, "jobs/keeper.json", NEWER)
    with pytest.raises(Newer):
        looked(here, [])
    assert path.read_text() == NEWER


def test_a_damaged_note_of_the_last_savepoint_does_not_hide_the_savepoints(here: Stack) -> None:
    point = put(here.home, "savepoints/run-2/savepoint-1/_metadata", "x")
    put(here.home, "jobs/savepoint.json", "{")
    assert [one.path for one in states.restore_points(here)] == [point.parent.as_uri()]


def test_a_run_whose_beginning_is_damaged_is_not_gone_on_with_as_if_it_began_at_the_start(
    here: Stack,
) -> None:
    submitted: list[Any] = []
    jobs.want(here, wanted="running")
    put(here.home, "checkpoints/run-3/a/chk-1/_metadata", WHOLE.decode())
    path = put(here.home, "jobs/runs/3.json", "{")
    one = looked(here, submitted)
    one.look()
    assert (submitted, one.state.state) == ([], "waiting")
    assert str(one.state.last_error).startswith(f"{path} is damaged")


def test_a_status_file_that_is_damaged_is_a_finding(here: Stack) -> None:
    path = put(here.home, "run/sink-redis.status.json", "[]")
    with pytest.raises(Failed, match="is damaged: it holds no object") as refused:
        workers.said(here, "redis")
    assert refused.value.hint == "run: fraudctl restart sink-redis, which writes it anew"
    path.write_text('{"sink": "redis", "lag": 3, "later": 1}')
    said = workers.said(here, "redis")
    assert said is not None
    assert (said.sink, said.lag) == ("redis", 3)


def test_the_configuration_of_a_writer_is_read_back_whole(here: Stack) -> None:
    workers.write_configurations(here)
    found = workers.writer(here, "redis")
    assert found == Config.read(workers.sink_file(here, "redis"))
    assert (found.sink, found.group) == ("redis", "fraudctl-sink-redis")


def test_the_state_of_the_keeper_is_read_back_whole(here: Stack) -> None:
    state = KeeperState("running", True, 3, 2, "file:/c", 9, "a", "file:/c", 8, 1, 7, "why")
    jobs.keep_state(here, state)
    assert jobs.keeper_state(here) == state
