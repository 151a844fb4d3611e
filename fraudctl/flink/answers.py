"""What Flink answers, as values. Times are epoch milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fraudctl.flink.file_uri import one_form

Answer = Mapping[str, Any]
"""what its REST interface says, in shapes of its own: the types below are made of it, nobody else sees it"""
ENDED = frozenset({"FINISHED", "CANCELED", "FAILED", "SUSPENDED"})
"""States that a job does not leave again."""
HISTORY = 10
"""Checkpoints that Flink tells one by one, the newest (`web.checkpoints.history`)."""


@dataclass(frozen=True, slots=True)
class Overview:
    version: str
    taskmanagers: int
    slots: int
    free_slots: int

    def lacking(self, wanted: int) -> str:
        """What is not there of so many TaskManagers; empty where all are."""
        if self.taskmanagers == 0:
            return "no TaskManager has registered yet"
        return f"{self.taskmanagers} of {wanted} TaskManagers are there" if self.taskmanagers < wanted else ""


@dataclass(frozen=True, slots=True)
class Worker:
    """A TaskManager by its id."""

    name: str
    slots: int
    free_slots: int

    @property
    def works(self) -> bool:
        return self.free_slots < self.slots


@dataclass(frozen=True, slots=True)
class Job:
    job_id: str
    name: str
    state: str
    start_ms: int
    end_ms: int
    """-1 while the job has not ended."""
    all_tasks_run: bool = False
    """only the list of jobs says so"""

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def running(self) -> bool:
        """Every task runs, not only the job as a whole; asked of one that the list of jobs gave."""
        return self.state == "RUNNING" and self.all_tasks_run


@dataclass(frozen=True, slots=True)
class Vertex:
    vertex_id: str
    name: str
    parallelism: int
    state: str
    read_records: int
    written_records: int


@dataclass(frozen=True, slots=True)
class JobDetail:
    job: Job
    vertices: tuple[Vertex, ...]

    @property
    def running(self) -> bool:
        """Every task runs, not only the job as a whole."""
        return self.job.state == "RUNNING" and all(v.state == "RUNNING" for v in self.vertices)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    number: int
    path: str
    completed_ms: int
    size_bytes: int
    is_savepoint: bool
    duration_ms: int = 0
    """from its start until it was complete"""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    completed: int
    failed: int
    in_progress: int
    restored: int
    latest: Checkpoint | None


def job_of(answer: Answer) -> Job:
    tasks = answer.get("tasks") or {}
    return Job(
        str(answer["jid"]),
        str(answer["name"]),
        str(answer["state"]),
        int(answer["start-time"]),
        int(answer["end-time"]),
        bool(tasks) and tasks["running"] == tasks["total"],
    )


def vertex_of(answer: Answer) -> Vertex:
    metrics = answer.get("metrics") or {}
    return Vertex(
        str(answer["id"]),
        str(answer["name"]),
        int(answer["parallelism"]),
        str(answer["status"]),
        int(metrics.get("read-records") or 0),
        int(metrics.get("write-records") or 0),
    )


def ends_of(job: Answer) -> list[str]:
    """The ids of the vertices that hand nothing to another; of all where Flink tells no plan."""
    nodes = (job.get("plan") or {}).get("nodes", ())
    read = {str(one["id"]) for node in nodes for one in node.get("inputs", ())}
    return [str(one["id"]) for one in job["vertices"] if str(one["id"]) not in read]


def checkpoint_of(answer: Answer) -> Checkpoint:
    return Checkpoint(
        int(answer["id"]),
        one_form(str(answer.get("external_path") or "")),
        int(answer["latest_ack_timestamp"]),
        int(answer.get("state_size") or 0),
        bool(answer.get("is_savepoint")),
        int(answer.get("end_to_end_duration") or 0),
    )


def failed_checkpoints(answer: Answer) -> int:
    """How many began and failed; once tasks have failed and were restored, of the last ten.

    Flink also counts what it only tried while not all tasks ran yet, as in every start of a job. Such a try
    is not in the history and takes no number. Where the history lacks the oldest, the numbers tell how many
    there were, which go on from that of the state the job was started from. Where tasks were restored since,
    that one is told no more.
    """
    counts, history = answer["counts"], answer.get("history") or ()
    restored = (answer.get("latest") or {}).get("restored")
    if len(history) >= HISTORY and int(counts["restored"]) > 1:
        return sum(one["status"] == "FAILED" for one in history)
    begun = len(history)
    if begun >= HISTORY:
        begun = max(int(one["id"]) for one in history) - (int(restored["id"]) if restored else 0)
    return max(0, min(int(counts["failed"]), begun - int(counts["completed"]) - int(counts["in_progress"])))


def root_cause(trace: str) -> str:
    """The innermost message of a Java stack trace, in one line."""
    causes = [
        line.strip() for line in trace.splitlines() if line.strip() and not line.startswith(("\t", "  "))
    ]
    innermost = causes[-1].removeprefix("Caused by: ") if causes else trace.strip()
    return innermost[:300]
