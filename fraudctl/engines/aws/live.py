"""The live job on AWS, as every engine's: what the service calls a snapshot is a savepoint."""

from __future__ import annotations

from fraudctl.aws import application, begun, cloudformation, deployment
from fraudctl.aws.account import Account
from fraudctl.aws.application import JobState
from fraudctl.console.progress import Progress
from fraudctl.errors import NotRunning
from fraudctl.jobs.live_answers import Ended, FlinkJob, LiveStatus, with_origin

_STOPPED = ("READY", "STOPPING")


class Application:
    """That of one deployment. Every method raises what AWS refuses as Refused."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def start(self, wait_s: float, progress: Progress, restore: str = "latest") -> LiveStatus:
        """From its newest snapshot, which there need not be, from one by name, or as a new run.

        Starting a job that runs, or is about to, only waits for it.
        """
        now = application.state(self._account)
        if now.comes_up and restore == application.LATEST:
            application.await_running(self._account, wait_s)
            return self.status()
        newest = _newest(now)
        if restore == application.LATEST and newest is None:
            restore = application.NONE
        deployment.submit(self._account, restore, wait_s, progress)
        named = {application.LATEST: newest, application.NONE: None}
        return with_origin(self.status(), named.get(restore, restore))

    def stop(self, wait_s: float, progress: Progress, savepoint: bool = True) -> Ended:
        now = application.state(self._account)
        if not (now.runs or now.is_going_down):
            return {"job_id": None, "savepoint": _newest(now)}
        progress.update(0, "the service takes a snapshot" if savepoint else "without a snapshot")
        if now.is_going_down:
            taken = application.await_stopped(self._account, wait_s)
        else:
            taken = application.stop(self._account, wait_s, savepoint)
        return {"job_id": self._account.name, "savepoint": taken if savepoint else None}

    def savepoint(self, wait_s: float, progress: Progress) -> Ended:
        if not application.state(self._account).runs:
            raise NotRunning("the live job does not run", hint="submit it with: fraudctl job submit")
        progress.update(0, "the service takes a snapshot")
        return {"job_id": self._account.name, "savepoint": application.snapshot(self._account, wait_s)}

    def rescale(self, parallelism: int, wait_s: float, progress: Progress) -> LiveStatus:
        """The service takes a snapshot and goes on from it; what the profile says comes back with `up`.

        One that is stopped is started, as by every engine.
        """
        stack = deployment.stack_name(self._account, deployment.PIPELINE)
        with begun.goes_on(self._account):
            cloudformation.tell(self._account, stack, "Parallelism", str(parallelism), wait_s, progress)
        if not application.state(self._account).comes_up:
            return self.start(wait_s, progress)
        application.await_running(self._account, wait_s)
        return with_origin(self.status(), _newest(application.state(self._account)))

    def status(self) -> LiveStatus:
        """What the service says. It knows no tasks and no checkpoints of the job."""
        found = application.state(self._account)
        stack = deployment.stack_name(self._account, deployment.PIPELINE)
        told = cloudformation.parameters(self._account, stack)
        return {
            "wanted": "stopped" if found.status in _STOPPED else "running",
            "parallelism": int(told.get("Parallelism", 1)),
            "run": int(told.get("Run", 1)),
            "keeper": {
                "state": found.status.lower(),
                "last_error": None,
                "restored_from": _newest(found),
                "passed_over": None,
                "submitted_ms": None,
            },
            "flink": None if found.status in _STOPPED else self._as_flink(found),
            "stopped_plugins": [],
        }

    def _as_flink(self, found: JobState) -> FlinkJob:
        return {
            "job_id": self._account.name,
            "state": found.status,
            "all_tasks_running": found.runs,
            "start_ms": 0,
            "tasks": [],
            "checkpoints": {"completed": None, "failed": None, "latest": None},
        }


def _newest(found: JobState) -> str | None:
    return next((one.name for one in found.snapshots if one.is_ready), None)
