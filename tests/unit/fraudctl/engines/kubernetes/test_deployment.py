"""The job under the operator, against a double of it that speaks in the shapes of its definition."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fraudctl.console.progress import Progress
from fraudctl.engines.kubernetes.cluster import Cluster, Place
from fraudctl.engines.kubernetes.deployment import KIND, Deployment
from fraudctl.errors import Failed, NotRunning, UsageError
from tests.chart import example, one, problems, render
from tests.operator_double import Operator

WAIT_S = 20.0


class Memory(Cluster):
    """An API server with one FlinkDeployment: a change of the specification is a new generation."""

    def __init__(self, resource: dict[str, Any] | None) -> None:
        super().__init__(Place("risk", "fraud"))
        self.resource = resource
        self.operator = Operator(self)

    def get(self, kinds: str, selector: str | None = None) -> list[dict[str, Any]]:
        assert kinds == KIND
        self.operator.look()
        return [] if self.resource is None else [copy.deepcopy(self.resource)]

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        assert (kind, name) == (KIND, "fraud")
        assert self.resource is not None
        _merge(self.resource, change)
        self.resource["metadata"]["generation"] += 1
        assert problems(self.resource) == []

    def read(self) -> dict[str, Any] | None:
        return copy.deepcopy(self.resource)

    def tell(self, status: Mapping[str, Any]) -> None:
        assert self.resource is not None
        self.resource["status"] = dict(status)
        assert problems(self.resource) == []


def _merge(base: dict[str, Any], change: Mapping[str, Any]) -> None:
    for name, value in change.items():
        if isinstance(value, Mapping):
            _merge(base.setdefault(name, {}), value)
        else:
            base[name] = value


@pytest.fixture
def cluster() -> Memory:
    resource = one(render(example("kind")), "FlinkDeployment", "fraud")
    resource["metadata"]["generation"] = 1
    return Memory(resource)


@pytest.fixture
def job(cluster: Memory) -> Deployment:
    found = Deployment(cluster, look_s=0.0)
    found.await_running(WAIT_S, Progress())
    return found


def test_a_job_that_was_applied_is_waited_for_until_the_operator_says_that_it_runs(
    cluster: Memory, job: Deployment
) -> None:
    said = job.status()
    assert said["flink"] is not None
    assert (said["wanted"], said["parallelism"], said["flink"]["state"]) == ("running", 1, "RUNNING")
    assert cluster.operator.submitted == [{"from": None, "parallelism": 1}]


def test_a_savepoint_is_taken_while_the_job_goes_on(cluster: Memory, job: Deployment) -> None:
    for number in (1, 2):
        path = f"s3://flink/savepoints/savepoint-{number}"
        assert job.savepoint(WAIT_S, Progress()) == {"job_id": f"{1:032x}", "savepoint": path}
    assert len(cluster.operator.submitted) == 1


def test_a_job_is_stopped_with_a_savepoint_and_goes_on_from_it(cluster: Memory, job: Deployment) -> None:
    path = "s3://flink/savepoints/savepoint-1"
    assert job.stop(WAIT_S, Progress()) == {"job_id": f"{1:032x}", "savepoint": path}
    assert (job.status()["wanted"], job.status()["keeper"]["state"]) == ("stopped", "suspended")
    assert job.stop(WAIT_S, Progress()) == {"job_id": None, "savepoint": path}
    assert job.start(WAIT_S, Progress())["keeper"]["restored_from"] == path
    assert cluster.operator.submitted[-1] == {"from": path, "parallelism": 1}


def test_who_asks_again_for_a_stop_that_is_under_way_hears_what_comes_of_it(
    cluster: Memory, job: Deployment
) -> None:
    cluster.operator.is_slow = True
    with pytest.raises(Failed, match="did not suspend it within 0 s"):
        job.stop(0.0, Progress())

    class Waking(Progress):
        def update(self, done: float, note: str = "") -> None:
            cluster.operator.is_slow = False

    path = "s3://flink/savepoints/savepoint-1"
    assert job.stop(WAIT_S, Waking()) == {"job_id": f"{1:032x}", "savepoint": path}
    assert job.stop(WAIT_S, Progress()) == {"job_id": None, "savepoint": path}


class Interrupted(Progress):
    def update(self, done: float, note: str = "") -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "ask",
    [
        lambda job: job.stop(WAIT_S, Interrupted()),
        lambda job: job.savepoint(WAIT_S, Interrupted()),
        lambda job: job.rescale(2, WAIT_S, Interrupted()),
        lambda job: job.start(WAIT_S, Interrupted()),
    ],
)
def test_who_interrupts_is_told_that_the_operator_goes_on(
    job: Deployment, ask: Callable[[Deployment], object], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(job)
    assert "the operator goes on with what it was asked for" in capsys.readouterr().err


def test_a_job_that_is_stopped_without_a_savepoint_goes_on_from_its_last_state(
    cluster: Memory, job: Deployment
) -> None:
    job.stop(WAIT_S, Progress())
    job.start(WAIT_S, Progress())
    assert job.stop(WAIT_S, Progress(), savepoint=False)["savepoint"] is None
    assert job.stop(WAIT_S, Progress()) == {"job_id": None, "savepoint": None}
    assert job.start(WAIT_S, Progress())["keeper"]["restored_from"] == "its newest checkpoint"
    assert (len(cluster.operator.savepoints), cluster.operator.submitted[-1]["from"]) == (1, "last-state")
    assert job.stop(WAIT_S, Progress())["savepoint"] == "s3://flink/savepoints/savepoint-2"


def test_a_job_that_was_stopped_is_rescaled_by_starting_it(cluster: Memory, job: Deployment) -> None:
    path = job.stop(WAIT_S, Progress())["savepoint"]
    assert job.rescale(3, WAIT_S, Progress())["wanted"] == "running"
    assert cluster.operator.submitted[-1] == {"from": path, "parallelism": 3}


@pytest.mark.parametrize("parallelism", [0, 129])
def test_a_parallelism_that_no_job_can_have_is_refused(
    cluster: Memory, job: Deployment, parallelism: int
) -> None:
    with pytest.raises(UsageError, match=f"parallelism {parallelism} is not possible"):
        job.rescale(parallelism, WAIT_S, Progress())
    assert len(cluster.operator.submitted) == 1


def test_a_job_is_rescaled_by_way_of_a_savepoint(cluster: Memory, job: Deployment) -> None:
    assert job.rescale(3, WAIT_S, Progress())["parallelism"] == 3
    path = "s3://flink/savepoints/savepoint-1"
    assert cluster.operator.submitted[-1] == {"from": path, "parallelism": 3}


def test_a_job_is_started_from_a_savepoint_that_is_named(cluster: Memory, job: Deployment) -> None:
    job.stop(WAIT_S, Progress())
    found = job.start(WAIT_S, Progress(), "s3://flink/savepoints/older")
    assert found["keeper"]["restored_from"] == "s3://flink/savepoints/older"
    assert cluster.operator.submitted[-1]["from"] == "s3://flink/savepoints/older"


@pytest.mark.parametrize(
    ("restore", "said"),
    [("savepoint-7", "savepoint-7 is no address of a savepoint"), ("s3://flink/older", "already running")],
)
def test_what_a_job_that_runs_cannot_be_started_from_is_refused(
    cluster: Memory, job: Deployment, restore: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        job.start(WAIT_S, Progress(), restore)
    assert len(cluster.operator.submitted) == 1


def test_a_restart_is_the_operators(cluster: Memory, job: Deployment) -> None:
    job.restart(WAIT_S, Progress())
    assert [one["from"] for one in cluster.operator.submitted] == [None, "s3://flink/savepoints/savepoint-1"]


def test_what_the_operator_could_not_do_is_said_in_its_words(cluster: Memory, job: Deployment) -> None:
    cluster.operator.refuses = "the image cannot be pulled"
    with pytest.raises(Failed, match="could not run it: the image cannot be pulled"):
        job.rescale(2, WAIT_S, Progress())


def test_an_operator_that_does_nothing_is_waited_for_no_longer_than_asked(
    cluster: Memory, job: Deployment
) -> None:
    cluster.operator.is_slow = True
    with pytest.raises(Failed, match="did not run it within 0 s, it says"):
        job.rescale(2, 0.0, Progress())


def test_a_job_without_state_is_another_history_and_refused(job: Deployment) -> None:
    with pytest.raises(UsageError, match="another history") as failure:
        job.start(WAIT_S, Progress(), "none")
    assert "job.run" in failure.value.hint


def test_where_there_is_no_job_that_is_said() -> None:
    with pytest.raises(NotRunning, match="no FlinkDeployment fraud"):
        Deployment(Memory(None)).status()
