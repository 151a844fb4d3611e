"""A double of Flink's REST interface: the answers of a 2.2 session cluster, from a small set of values."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from fraudctl.flink.connection import through
from pipeline.connections.flink import FlinkRest

_NUMBERS = itertools.count(1)

WHOLE = b"I`g-" + bytes(28)
"""the metadata of a state that is made of no files"""
_STARTING = (
    "Checkpoint triggering task Source: transactions -> decode and stamp -> (refusals: Writer -> refusals: "
    "Committer, features by user_id -> features by ip -> features by device_id -> order -> batch) (1/1) of "
    "job 3fd4160fce68c32158188d52bd589a15 is not being executed at the moment."
    " Aborting checkpoint. Failure reason: Not all required tasks are currently running."
)


@dataclass
class Cluster:
    """What the double knows. `savepoints` off makes it refuse them as a cluster with failing tasks does;
    `left_over` are slots in which tasks of a job run that it no longer knows."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    slots: int = 2
    taskmanagers: int = 1
    left_over: int = 0
    task_state: str = "RUNNING"
    savepoints: bool = True
    starting: int = 0
    """how many savepoints are refused since a task is being started again"""
    away: bool = False
    asked: list[str] = field(default_factory=list)
    completed: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ("source",)
    watermarks: dict[str, list[int]] = field(default_factory=dict)
    """by task, of its subtasks; the tasks are a chain"""
    trace: str = (
        "org.apache.flink.X: top\n\tat A.b\nCaused by: java.lang.IllegalState: the real reason\n\tat C"
    )
    url: str = ""

    @property
    def rest(self) -> FlinkRest:
        return FlinkRest(address=self.url)

    def add(self, job_id: str, name: str = "fraudctl-live", state: str = "RUNNING", start_ms: int = 1) -> str:
        self.jobs[job_id] = {
            "jid": job_id,
            "name": name,
            "state": state,
            "start-time": start_ms,
            "end-time": -1,
        }
        return job_id

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if self.away:
            return 503, {"errors": ["Service temporarily unavailable due to an ongoing leader election."]}
        if path == "/overview":
            free = self.slots - self.left_over - len(self.jobs)
            counts = {"taskmanagers": self.taskmanagers, "slots-total": self.slots, "slots-available": free}
            return 200, counts | {"flink-version": "2.2.1"}
        if path == "/jobs/overview":
            tasks = {"total": 1, "running": int(self.task_state == "RUNNING")}
            return 200, {"jobs": [job | {"tasks": tasks} for job in self.jobs.values()]}
        if found := re.fullmatch(r"/jobs/\w+/vertices/v-(\w+)/watermarks", path):
            told = self.watermarks.get(found[1], [])
            return 200, [
                {"id": f"{n}.currentInputWatermark", "value": str(one)} for n, one in enumerate(told)
            ]
        match = re.fullmatch(r"/jobs/(\w+)(?:/(\w+)(?:/(\w+))?)?", path)
        if match is None or match[1] not in self.jobs:
            return 404, {
                "errors": ["Not found.", f"java.lang.Exception: no job\n\tat X\nCaused by: no {path}"]
            }
        return self._of_job(method, self.jobs[match[1]], match[2], match[3], body)

    def _of_job(
        self, method: str, job: dict[str, Any], what: str | None, request: str | None, body: dict[str, Any]
    ) -> tuple[int, Any]:
        if method == "PATCH":
            job["state"] = "CANCELED"
            return 202, {}
        if what is None:
            told = {"parallelism": 1, "status": self.task_state, "metrics": {}}
            tasks = [told | {"id": f"v-{name}", "name": name} for name in self.tasks]
            return 200, job | {"vertices": tasks, "plan": {"nodes": self._chain()}}
        if what == "accumulators":
            told = [
                {"name": name, "type": "HotKeysReport", "value": text} for name, text in self.told.items()
            ]
            return 200, {"user-task-accumulators": told}
        if what == "exceptions":
            return 200, {"exceptionHistory": {"entries": [{"stacktrace": self.trace}]}}
        if what == "checkpoints":
            counts = {"completed": 3, "failed": 1, "in_progress": 0, "restored": 1}
            latest = {"restored": {"id": 10}, **self.completed}
            history = [{"id": number} for number in (14, 13, 12, 11)]
            return 200, {"counts": counts, "latest": latest, "history": history}
        if method == "POST":
            folder = body.get("targetDirectory") or body.get("target-directory")
            self.asked.append(f"folder {folder}")
            return 202, {"request-id": "stop" if what == "stop" else "keep"}
        return 200, self._savepoint(job, str(request))

    def _chain(self) -> list[dict[str, Any]]:
        first, *rest = [{"id": f"v-{name}"} for name in self.tasks]
        return [
            first,
            *(one | {"inputs": [before]} for before, one in zip([first, *rest], rest, strict=False)),
        ]

    def _savepoint(self, job: dict[str, Any], request: str) -> dict[str, Any]:
        done = {"status": {"id": "COMPLETED"}}
        if self.starting:
            self.starting -= 1
            trace = "Exception: trigger\n\tat X\nCaused by: CheckpointException: " + _STARTING
            return done | {"operation": {"failure-cause": {"class": "X", "stack-trace": trace}}}
        if not self.savepoints:
            trace = "Exception: trigger\n\tat X\nCaused by: CheckpointException: not all tasks run"
            return done | {"operation": {"failure-cause": {"class": "X", "stack-trace": trace}}}
        if request == "stop":
            job["state"] = "FINISHED"
        folder = next(line for line in reversed(self.asked) if line.startswith("folder "))[7:]
        path = Path(urlsplit(folder).path) / "savepoint-1"
        path.mkdir(parents=True, exist_ok=True)
        (path / "_metadata").write_bytes(WHOLE)
        return done | {"operation": {"location": path.as_uri()}}


@contextmanager
def flink_double() -> Iterator[Cluster]:
    """A double that is asked without a network; its address, of no machine, is in `url`."""
    cluster = Cluster(url=f"http://flink-{next(_NUMBERS)}.invalid:8081")

    def handle(request: httpx.Request) -> httpx.Response:
        path = urlsplit(request.url.raw_path.decode()).path
        code, content = cluster.answer(request.method, path, json.loads(request.content or b"{}"))
        return httpx.Response(code, json=content)

    with through(cluster.url, httpx.MockTransport(handle)):
        yield cluster
