"""The job under the operator: a FlinkDeployment, whose fields are wishes and whose status are the answers.

Nothing of ours hands a job to Flink there. To stop, to start, to take a savepoint or to rescale is to change
a field, and to wait until the operator says in the status that it has done so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from fraudctl.console.progress import Progress
from fraudctl.console.streams import say
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.objects import Object, Seen
from fraudctl.engines.kubernetes.programs import COMPONENT
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.jobs.live_answers import Ended, FlinkJob, LiveStatus, Submission, with_origin
from fraudctl.waiting import until
from pipeline.scoring.job_settings import MAX_PARALLELISM

KIND: Final = "flinkdeployments.flink.apache.org"
LOOK_S: Final = 1.0
GONE_WRONG: Final = ("failed", "rolled_back")
"""where the operator ends that could not do what it was asked for; its own words are in capitals"""
_HINT: Final = "see: kubectl describe flinkdeployment, and the operator's log"
_NEWEST: Final = "its newest checkpoint"
"""of which the operator tells no path"""
_GOES_ON: Final = "the operator goes on with what it was asked for; how the job is tells: fraudctl job status"


class Deployment:
    """The live job of one release. Every method raises Failed where the cluster refuses."""

    def __init__(self, cluster: Cluster, look_s: float = LOOK_S) -> None:
        self._cluster, self._look_s = cluster, look_s

    def start(self, wait_s: float, progress: Progress, restore: str = "latest") -> LiveStatus:
        """Wants the job running, from where it was stopped or from a savepoint that is named."""
        if restore == "none":
            raise UsageError(
                "a job without state is another history of its own",
                hint="raise job.run in the values and delete the FlinkDeployment, then: fraudctl up; "
                "see docs/kubernetes.md",
            )
        before = self._resource()
        job: Object = dict(_RUNS)
        if restore != "latest":
            _refuse_restore(before, restore)
            nonce = self._next("savepointRedeployNonce")
            job |= {"initialSavepointPath": restore, "savepointRedeployNonce": nonce}
        with _told_of_what_goes_on():
            self._change({"job": job})
            self.await_running(wait_s, progress)
        found = self.status()
        if restore != "latest":
            return with_origin(found, restore)
        return with_origin(found, _NEWEST) if _was_left_to_its_checkpoint(before) else found

    def stop(self, wait_s: float, progress: Progress, savepoint: bool = True) -> Ended:
        """Suspends the job, with a savepoint or from its newest checkpoint, and waits until it is.

        Where somebody has asked for it already, what comes of that, or came of it, is the answer.
        """
        before = self._resource()
        if _is_to_be_suspended(before) and _is_of_now(before) and _is_suspended(before["status"]):
            return {"job_id": None, "savepoint": _stopped_with(before)}
        with _told_of_what_goes_on():
            if not _is_to_be_suspended(before):
                mode = "savepoint" if savepoint else "last-state"
                self._change({"job": {"state": "suspended", "upgradeMode": mode}})
            self._await(_is_suspended, wait_s, progress, "suspend it")
        now = self._resource()
        return {"job_id": _job(before.get("status", {})).get("jobId"), "savepoint": _stopped_with(now)}

    def savepoint(self, wait_s: float, progress: Progress) -> Ended:
        """Has a savepoint taken while the job goes on, and waits until it is complete."""
        if _job(self._status()).get("state") != "RUNNING":
            raise NotRunning("the live job does not run", hint="submit it with: fraudctl job submit")
        nonce = self._next("savepointTriggerNonce")
        with _told_of_what_goes_on():
            self._change({"job": {"savepointTriggerNonce": nonce}})
            self._await(
                lambda now: _last(now).get("triggerNonce") == nonce, wait_s, progress, "take a savepoint"
            )
        status = self._status()
        return {"job_id": _job(status).get("jobId"), "savepoint": _last(status).get("location")}

    def rescale(self, parallelism: int, wait_s: float, progress: Progress) -> LiveStatus:
        """Has the job go on at another parallelism: stopped with a savepoint and started from it."""
        if not 1 <= parallelism <= MAX_PARALLELISM:
            raise UsageError(
                f"parallelism {parallelism} is not possible, the job's state is in {MAX_PARALLELISM} parts",
                hint=f"choose 1 to {MAX_PARALLELISM}",
            )
        with _told_of_what_goes_on():
            self._change({"job": {**_RUNS, "parallelism": parallelism}})
            self.await_running(wait_s, progress)
        return self.status()

    def restart(self, wait_s: float, progress: Progress) -> None:
        """Has the operator start Flink anew."""
        nonce = int(self._resource()["spec"].get("restartNonce") or 0) + 1
        with _told_of_what_goes_on():
            self._change({"restartNonce": nonce})
            self.await_running(wait_s, progress)

    def status(self) -> LiveStatus:
        """The job as it is wanted, and as the operator sees it."""
        found = self._resource()
        job, status = found["spec"]["job"], found.get("status", {})
        wanted = "stopped" if job.get("state") == "suspended" else "running"
        before = _job(status).get("upgradeSavepointPath") or job.get("initialSavepointPath")
        keeper: Submission = {
            "state": str(status.get("lifecycleState", "CREATED")).lower(),
            "last_error": status.get("error") or None,
            "restored_from": before or None,
            "passed_over": None,
            "submitted_ms": int(_job(status).get("startTime") or 0),
        }
        return {
            "wanted": wanted,
            "parallelism": int(job["parallelism"]),
            "run": None,
            "keeper": keeper,
            "flink": _flink(status),
            "stopped_plugins": [],
        }

    def await_running(self, wait_s: float, progress: Progress) -> None:
        """Until the operator has acted on what is wanted now, and the job runs and is stable."""
        self._await(_runs, wait_s, progress, "run it")

    def _await(self, met: Callable[[Seen], bool], wait_s: float, progress: Progress, what: str) -> None:
        found: Object = {}

        def is_met() -> bool:
            found.update(self._resource())
            status = found.get("status", {})
            progress.update(0, f"operator: {_state(status)}")
            if _is_of_now(found) and _state(status) in GONE_WRONG:
                raise _failure(what, status)
            return _is_of_now(found) and met(status)

        until(is_met, wait_s, lambda: _late(what, wait_s, found.get("status", {})), self._look_s)

    def _next(self, nonce: str) -> int:
        return int(self._resource()["spec"]["job"].get(nonce) or 0) + 1

    def _change(self, spec: Seen) -> None:
        self._cluster.patch(KIND, self._cluster.place.release, {"spec": spec})

    def _status(self) -> Seen:
        status: Seen = self._resource().get("status", {})
        return status

    def _resource(self) -> Object:
        found = self._cluster.get(KIND, f"{self._cluster.place.selector},{COMPONENT}=flink")
        if not found:
            raise NotRunning(
                f"there is no FlinkDeployment {self._cluster.place.release}", hint="run: fraudctl up"
            )
        return found[0]


@contextmanager
def _told_of_what_goes_on() -> Iterator[None]:
    """Who interrupts what is asked for within, and waited for: it may have been heard already."""
    try:
        yield
    except KeyboardInterrupt:
        say(_GOES_ON)
        raise


_RUNS: Final[Seen] = {"state": "running", "upgradeMode": "savepoint"}
"""Also one that was stopped without a savepoint goes on from what it has; the next stop takes one."""


def _refuse_restore(resource: Seen, restore: str) -> None:
    """Raises UsageError where no job can be started from there now."""
    if "://" not in restore:
        raise UsageError(
            f"{restore} is no address of a savepoint",
            hint="such as s3://bucket/savepoints/savepoint-…; the operator keeps them: "
            "kubectl get flinkdeployment -o yaml, at savepointInfo",
        )
    if _is_of_now(resource) and _job(resource["status"]).get("state") == "RUNNING":
        raise UsageError(
            "the job is already running", hint="stop it first with: fraudctl job stop", code="running"
        )


def _is_of_now(resource: Seen) -> bool:
    """Whether the status is the answer to what is wanted now."""
    status: Seen = resource.get("status") or {}
    return bool(status.get("observedGeneration") == resource["metadata"]["generation"])


def _is_to_be_suspended(resource: Seen) -> bool:
    return bool(resource["spec"]["job"].get("state") == "suspended")


def _was_left_to_its_checkpoint(resource: Seen) -> bool:
    """Whether it was stopped without a savepoint."""
    return _is_to_be_suspended(resource) and resource["spec"]["job"].get("upgradeMode") == "last-state"


def _stopped_with(resource: Seen) -> str | None:
    """The savepoint of a job that was stopped with one."""
    if resource["spec"]["job"].get("upgradeMode") != "savepoint":
        return None
    path: str | None = _job(resource["status"]).get("upgradeSavepointPath")
    return path


def _runs(status: Seen) -> bool:
    return _job(status).get("state") == "RUNNING" and status.get("lifecycleState") in ("DEPLOYED", "STABLE")


def _flink(status: Seen) -> FlinkJob | None:
    job = _job(status)
    if not job.get("jobId"):
        return None
    latest = (job.get("checkpointInfo") or {}).get("lastCheckpoint")
    return {
        "job_id": job["jobId"],
        "state": job.get("state", "UNKNOWN"),
        "all_tasks_running": job.get("state") == "RUNNING",
        "start_ms": int(job.get("startTime") or 0),
        "tasks": [],
        "checkpoints": {"completed": None, "failed": None, "latest": latest},
    }


def _last(status: Seen) -> Seen:
    """The newest savepoint that the operator knows."""
    info = _job(status).get("savepointInfo") or {}
    found: Seen = info.get("lastSavepoint") or {}
    return found


def _job(status: Seen) -> Seen:
    """What the operator says of the job; nothing before it has seen it."""
    found: Seen = status.get("jobStatus") or {}
    return found


def _state(status: Seen) -> str:
    return str(status.get("lifecycleState", "not seen yet")).lower()


def _is_suspended(status: Seen) -> bool:
    return status.get("lifecycleState") == "SUSPENDED"


def _failure(what: str, status: Seen) -> Failed:
    said = status.get("error") or status["lifecycleState"].lower()
    return Failed(f"the operator could not {what}: {said}", hint=_HINT, code="job_failed")


def _late(what: str, wait_s: float, status: Seen) -> Failed:
    state = _state(status)
    said = f": {status['error']}" if status.get("error") else ""
    return Failed(
        f"the operator did not {what} within {wait_s:.0f} s, it says {state}{said}",
        hint=_HINT,
        code="job_not_running",
    )
