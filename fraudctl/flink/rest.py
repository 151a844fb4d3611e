"""Flink's REST interface: overview, jobs, checkpoints, savepoints, stop, cancel, metrics.

Knows Flink and nothing of this pipeline. Times are epoch milliseconds. A cluster that does not answer
leaves this module as Unhealthy (code `flink_unreachable`), one that refuses as Failed (`flink_refused`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from fraudctl.errors import Failed, Unhealthy
from fraudctl.flink import connection
from fraudctl.flink.answers import (
    Answer,
    Checkpoint,
    Checkpoints,
    Job,
    JobDetail,
    Overview,
    Worker,
    checkpoint_of,
    ends_of,
    failed_checkpoints,
    job_of,
    root_cause,
    vertex_of,
)
from fraudctl.flink.file_uri import one_form
from fraudctl.waiting import until
from pipeline.connections import trouble
from pipeline.connections.flink import FlinkRest
from pipeline.connections.tls import BadFile
from pipeline.connections.trouble import Trouble

CONNECT_S = 5.0
"""The most that a connection may take, whatever time there is for the answer."""
TOO_EARLY: Final = "savepoint_too_early"
"""the code of a refusal that passes by waiting"""
_NOT_YET: Final = "is not being executed at the moment"
"""what Flink says of a task that a checkpoint would begin in"""


class Flink:
    """One cluster, by the description of its REST interface."""

    def __init__(self, rest: FlinkRest, timeout_s: float = 10.0) -> None:
        self.rest, self.url = rest, rest.url
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))

    def overview(self) -> Overview:
        answer = self._ask("GET", "/overview")
        return Overview(
            str(answer.get("flink-version", "")),
            int(answer["taskmanagers"]),
            int(answer["slots-total"]),
            int(answer["slots-available"]),
        )

    def taskmanagers(self) -> tuple[Worker, ...]:
        """Those that are registered, by their ids."""
        found = self._ask("GET", "/taskmanagers")["taskmanagers"]
        return tuple(Worker(str(one["id"]), int(one["slotsNumber"]), int(one["freeSlots"])) for one in found)

    def jobs(self) -> tuple[Job, ...]:
        """Every job the cluster knows, ended ones included, the oldest first."""
        answer = self._ask("GET", "/jobs/overview")
        return tuple(sorted(map(job_of, answer["jobs"]), key=lambda job: (job.start_ms, job.job_id)))

    def live(self, name: str) -> tuple[Job, ...]:
        """Jobs of that name that have not ended, the oldest first."""
        return tuple(job for job in self.jobs() if job.name == name and not job.ended)

    def job(self, job_id: str) -> JobDetail:
        answer = self._ask("GET", f"/jobs/{job_id}")
        return JobDetail(job_of(answer), tuple(map(vertex_of, answer["vertices"])))

    def checkpoints(self, job_id: str) -> Checkpoints:
        answer = self._ask("GET", f"/jobs/{job_id}/checkpoints")
        counts, latest = answer["counts"], answer.get("latest") or {}
        found = [
            c for c in (latest.get("completed"), latest.get("savepoint")) if c and not c.get("discarded")
        ]
        newest = max(found, key=lambda c: int(c["latest_ack_timestamp"]), default=None)
        return Checkpoints(
            int(counts["completed"]),
            failed_checkpoints(answer),
            int(counts["in_progress"]),
            int(counts["restored"]),
            None if newest is None else checkpoint_of(newest),
        )

    def watermark(self, job_id: str) -> int | None:
        """How far event time is at the ends of the job, where it is least far, in ms; None while unknown."""
        found = []
        for vertex_id in ends_of(self._ask("GET", f"/jobs/{job_id}")):
            answer = self._ask("GET", f"/jobs/{job_id}/vertices/{vertex_id}/watermarks")
            found += [int(entry["value"]) for entry in answer if "value" in entry]
        return min((value for value in found if value > 0), default=None)

    def accumulators(self, job_id: str) -> dict[str, str]:
        """What the tasks of a job tell under a name, those of one name merged, as text."""
        found = self._ask("GET", f"/jobs/{job_id}/accumulators")["user-task-accumulators"]
        return {str(one["name"]): str(one["value"]) for one in found}

    def latest_checkpoint(self, job_id: str) -> Checkpoint | None:
        """The newest complete checkpoint or savepoint of this job that was not discarded."""
        return self.checkpoints(job_id).latest

    def exceptions(self, job_id: str, most: int = 5) -> tuple[str, ...]:
        """The newest failures of the job, each as Flink's stack trace, the newest first."""
        answer = self._ask("GET", f"/jobs/{job_id}/exceptions?maxExceptions={most}")
        entries = (answer.get("exceptionHistory") or {}).get("entries") or []
        return tuple(str(entry.get("stacktrace", "")) for entry in entries)

    def metrics(self, path: str, names: Sequence[str]) -> dict[str, float]:
        """Values under a path such as `/jobs/ID` or `/taskmanagers/ID`; unknown names are left out."""
        wanted = ",".join(quote(name) for name in names)
        answer = self._ask("GET", f"{path}/metrics?get={wanted}")
        return {str(entry["id"]): float(entry["value"]) for entry in answer if "value" in entry}

    def savepoint(self, job_id: str, folder: str, wait_s: float = 120.0) -> str:
        """Takes a savepoint below `folder` (a file URI) while the job goes on; its path."""
        body = {"target-directory": folder, "cancel-job": False}
        return self._settle(job_id, self._ask("POST", f"/jobs/{job_id}/savepoints", body), wait_s)

    def stop_with_savepoint(self, job_id: str, folder: str, wait_s: float = 120.0) -> str:
        """Takes a savepoint below `folder` and ends the job with it; the savepoint's path."""
        body = {"targetDirectory": folder, "drain": False}
        return self._settle(job_id, self._ask("POST", f"/jobs/{job_id}/stop", body), wait_s)

    def cancel(self, job_id: str, wait_s: float = 60.0) -> None:
        """Ends the job without a savepoint and waits until it has ended; one already gone is no error."""
        if any(job.job_id == job_id and not job.ended for job in self.jobs()):
            self._ask("PATCH", f"/jobs/{job_id}?mode=cancel")
            self.wait_ended(job_id, wait_s)

    def wait_ended(self, job_id: str, wait_s: float) -> Job:
        """Waits for the job to end in any way. Raises Failed after `wait_s`."""
        state = ""

        def ended() -> Job | None:
            nonlocal state
            job = self.job(job_id).job
            state = job.state
            return job if job.ended else None

        def still_there() -> Failed:
            return Failed(
                f"job {job_id} is still {state} after {wait_s:.0f} s",
                hint="look at: fraudctl logs jobmanager",
                code="job_not_ended",
            )

        return until(ended, wait_s, still_there, every_s=0.1)

    def _settle(self, job_id: str, request: Answer, wait_s: float) -> str:
        """Waits for an asynchronous savepoint request; its path, or Failed with Flink's reason."""

        def operation() -> Answer | None:
            answer = self._ask("GET", f"/jobs/{job_id}/savepoints/{request['request-id']}")
            is_over = answer["status"]["id"] == "COMPLETED"
            return {"location": None, **(answer.get("operation") or {})} if is_over else None

        done = until(operation, wait_s, lambda: _slow_savepoint(wait_s), every_s=0.05)
        if done["location"] is None:
            raise _no_savepoint(done)
        return one_form(str(done["location"]))

    def _ask(self, method: str, path: str, body: Answer | None = None) -> Any:
        try:
            answer = connection.client(self.rest).request(
                method,
                self.url + path,
                json=body,
                timeout=self._timeout,
                headers=connection.headers(self.rest),
            )
            if not answer.is_success:
                raise self._refused(path, answer)
            return answer.json() if answer.content else {}
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, BadFile) as failure:
            raise self._unreachable(str(failure) or type(failure).__name__, self.mend(failure)) from failure

    def mend(self, failure: BaseException) -> str | None:
        """What may help where it is not the cluster that is down."""
        found = trouble.of(failure)
        if found is None or found is Trouble.UNREACHABLE:
            return None
        return trouble.mend(found, "flink", failure).replace("sinks.flink", "servers.flink.external")

    def _refused(self, path: str, answer: httpx.Response) -> Unhealthy | Failed:
        detail = f"HTTP {answer.status_code} {answer.reason_phrase}"
        if answer.status_code == 503:
            return self._unreachable(detail)
        if answer.status_code in (401, 403, 407):
            return Failed(
                f"Flink at {self.url} does not let us in: {detail}",
                hint="see token_file, cert_file and key_file in servers.flink.external",
                code="flink_login",
            )
        try:
            errors = answer.json().get("errors", [])
            detail = root_cause(str(errors[-1])) if errors else detail
        except (ValueError, AttributeError):
            pass
        return Failed(
            f"Flink refused {path}: {detail}", hint="look at: fraudctl logs jobmanager", code="flink_refused"
        )

    def _unreachable(self, reason: str, mend: str | None = None) -> Unhealthy:
        down = "see which server is down with: fraudctl status; then: fraudctl restart jobmanager"
        return Unhealthy(
            f"Flink at {self.url} does not answer: {reason}", hint=mend or down, code="flink_unreachable"
        )


def _no_savepoint(operation: Answer) -> Failed:
    trace = str((operation.get("failure-cause") or {}).get("stack-trace", "no reason given"))
    hint = "see that all tasks run: fraudctl job status; then try again"
    if _NOT_YET in trace:
        return Failed("no savepoint: not all tasks run at the moment", hint=hint, code=TOO_EARLY)
    return Failed(f"no savepoint: {root_cause(trace)}", hint=hint, code="savepoint_failed")


def _slow_savepoint(wait_s: float) -> Failed:
    return Failed(
        f"the savepoint was not complete after {wait_s:.0f} s",
        hint="a slow one may still finish: fraudctl job status",
        code="savepoint_failed",
    )
