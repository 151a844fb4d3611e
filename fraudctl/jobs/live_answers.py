"""What is answered about the live job and jobs beside it, as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypedDict

from fraudctl.flink.answers import ENDED

if TYPE_CHECKING:
    from fraudctl.home.jobs import KeeperState
    from pipeline.rules.plugins.watch import Stopped


STOPPED: Final = "the job is stopped, as wanted, and nothing is decided; go on with: fraudctl job submit"


class Ended(TypedDict):
    """The job that was there, if any, and the savepoint that was taken of it, if one was.

    Without a job the savepoint is the one that the next submit goes on from, where an engine tells it.
    """

    job_id: str | None
    savepoint: str | None


class Past(TypedDict):
    """A bounded job that has come to its end."""

    job_id: str
    run: int
    seconds: float


class Task(TypedDict):
    """One step of a job."""

    name: str
    parallelism: int
    state: str


class Checkpoints(TypedDict):
    """Of a job: how many, null where who runs it does not say, and the newest complete one."""

    completed: int | None
    failed: int | None
    latest: Mapping[str, object] | None


class FlinkJob(TypedDict):
    """The job as Flink sees it."""

    job_id: str
    state: str
    all_tasks_running: bool
    start_ms: int
    tasks: list[Task]
    """none where who runs it does not say"""
    checkpoints: Checkpoints


class Submission(TypedDict):
    """What is known of the last start, by whoever submits the job: our keeper, an operator, a service."""

    state: str | None
    last_error: str | None
    restored_from: str | None
    passed_over: Sequence[str] | None
    """newer states that were damaged, each with what is wrong"""
    submitted_ms: int | None


class LiveStatus(TypedDict):
    """The live job as wanted, as who submits it sees it and as Flink sees it (None without a job)."""

    wanted: str
    parallelism: int
    run: int | None
    keeper: Submission
    flink: FlinkJob | None
    stopped_plugins: list[Stopped]


def submission_of(keeper: KeeperState | None) -> Submission:
    """What our keeper knows of the last start; nothing before it has written anything."""
    return {
        "state": keeper.state if keeper else None,
        "last_error": keeper.last_error if keeper else None,
        "restored_from": keeper.restored_from if keeper else None,
        "passed_over": keeper.passed_over if keeper else None,
        "submitted_ms": keeper.submitted_ms if keeper else None,
    }


def is_as_wanted(found: LiveStatus) -> bool:
    """Whether it runs with all its tasks where it is to run, and is not there where it was stopped."""
    flink = found["flink"]
    if found["wanted"] == "running":
        return flink is not None and flink["all_tasks_running"]
    return flink is None or flink["state"] in ENDED


def words(found: LiveStatus) -> str:
    """How the job is, as a sentence; of one that is not as wanted, how Flink has it and the last error."""
    flink = found["flink"]
    if is_as_wanted(found):
        return f"the job runs ({flink['job_id']})" if found["wanted"] == "running" and flink else STOPPED
    wish = "is to run" if found["wanted"] == "running" else "is to be stopped"
    state = "is not there" if flink is None else f"is {flink['state']} ({flink['job_id']})"
    if flink and flink["state"] == "RUNNING" and not flink["all_tasks_running"]:
        state += ", not with all its tasks"
    error = found["keeper"]["last_error"]
    return f"the job {wish} and {state}" + (f"; last error: {error}" if error else "")


def with_origin(found: LiveStatus, savepoint: str | None) -> LiveStatus:
    """The same of a job that was started from that savepoint, None for one from the start of the log."""
    return {**found, "keeper": {**found["keeper"], "restored_from": savepoint}}
