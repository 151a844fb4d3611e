"""What is answered about the live job and jobs beside it, as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


class Ended(TypedDict):
    """The job that was there, if any, and the savepoint that was taken of it, if one was."""

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
    """Of a job: how many, and the newest complete one."""

    completed: int
    failed: int
    latest: Mapping[str, object] | None


class FlinkJob(TypedDict):
    """The job as Flink sees it."""

    job_id: str
    state: str
    all_tasks_running: bool
    start_ms: int
    tasks: list[Task]
    checkpoints: Checkpoints


class LiveStatus(TypedDict):
    """The live job as wanted, as the keeper sees it and as Flink sees it (None without a job)."""

    wanted: str
    parallelism: int
    run: int | None
    keeper: Mapping[str, Any]
    flink: FlinkJob | None
    stopped_plugins: list[Mapping[str, object]]
