"""The Flink jobs of a stack: what is wanted, what runs, from which state, under which run number.

The live job has one submitter, the keeper (`fraudctl.keeper`). The commands here only write what is wanted
to `jobs/live.json`, take savepoints, and wait until the cluster shows the result. Bounded jobs over past
data are submitted here. Everything is kept below `home/jobs`, in files that are replaced as a whole.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fraudctl.console.result import Progress
from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.flink.rest import Flink, Job, local_path, reason_of
from fraudctl.home.jobs import (
    POLL_S,
    RESET,
    keeper_state,
    next_run,
    restore_points,
    submission_lock,
    want,
    write_json,
)
from fraudctl.home.jobs import wanted_live as wanted_live
from fraudctl.jobs import plugin_watcher
from fraudctl.jobs.submission import LIVE, SUBMIT_S, job_config, submit, topics_of
from pipeline.records.clock import now_ms

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

# Every look costs the cluster processor time that the job could use.
PROGRESS_S = 0.25
BOUNDED_INTERVALS = 6
"""Of the live job's, between checkpoints: each writes the states of all keys that have changed, and a lost
TaskManager costs a bounded job nothing but time."""


def start(
    stack: Stack,
    wait_s: float,
    progress: Progress,
    restore: str = "latest",
    parallelism: int | None = None,
    hops: Sequence[str] = (),
) -> dict[str, Any]:
    """Wants the live job running and waits until all its tasks run; its status.

    `restore` is `latest` (the newest savepoint or retained checkpoint), `none` (a new run from the start of
    the log) or the path of one. Where offsets were reset, `latest` is a new run from there, and anything else
    drops the reset. Starting a job that runs only waits for it. `hops` are keys by which it is to have steps
    that no activation has needed yet.
    """
    asked_ms = now_ms()
    now = wanted_live(stack)
    if now["wanted"] != "running":
        wish = _resume(stack, restore, parallelism or now["parallelism"])
        wish["reset"] = now["reset"] if restore == "latest" else None
        if wish["reset"] and now["from"] == RESET:
            wish["from"] = "none"
        now = want(stack, wanted="running", hops=sorted({*now["hops"], *hops}), **wish)
    elif restore != "latest" or parallelism not in (None, _parallelism(stack, now)):
        raise UsageError(
            "the job is already running", hint="stop it first with: fraudctl job stop", code="running"
        )
    _await_running(stack, int(now["generation"]), asked_ms, wait_s, progress)
    return status(stack)


def stop(stack: Stack, wait_s: float, progress: Progress, savepoint: bool = True) -> dict[str, Any]:
    """Wants the live job stopped, ends it with a savepoint, and returns its job_id and savepoint.

    The wanted state changes first, so the keeper does not bring the job back. Without `savepoint` the job
    is cancelled and its newest retained checkpoint is what it resumes from. When no savepoint can be taken,
    the former wanted state is put back and Failed is raised.
    """
    before = wanted_live(stack)
    if before["wanted"] != "stopped":
        want(stack, wanted="stopped")
    flink = Flink(stack.flink_url)
    progress.update(0, "waiting for the keeper")
    with submission_lock(stack, wait_s):
        jobs = flink.live(LIVE)
        if not jobs:
            return {"job_id": None, "savepoint": None}
        progress.update(0, "taking a savepoint" if savepoint else "cancelling")
        try:
            path = _end(stack, flink, jobs[0], wait_s, savepoint)
        except FraudctlError:
            if before["wanted"] == "running":
                want(stack, wanted="running", **{"from": "latest"})
            raise
    return {"job_id": jobs[0].job_id, "savepoint": path}


def savepoint(stack: Stack, wait_s: float = 120.0) -> dict[str, Any]:
    """Takes a savepoint of the running live job and returns its job_id and savepoint path."""
    flink = Flink(stack.flink_url)
    job = _live_job(flink)
    path = flink.savepoint(job.job_id, _savepoint_folder(stack), wait_s)
    _remember(stack, path)
    return {"job_id": job.job_id, "savepoint": path}


def rescale(stack: Stack, parallelism: int, wait_s: float, progress: Progress) -> dict[str, Any]:
    """Stops the live job with a savepoint and starts it from there at another parallelism; its status."""
    slots = Flink(stack.flink_url).overview().slots
    if not 1 <= parallelism <= slots:
        raise UsageError(
            f"parallelism {parallelism} is not possible, Flink has {slots} slots",
            hint=f"choose 1 to {slots}, or more slots for flink in the profile",
        )
    stop(stack, wait_s, progress)
    return start(stack, wait_s, progress, parallelism=parallelism)


def status(stack: Stack) -> dict[str, Any]:
    """The live job as wanted, as the keeper sees it and as Flink sees it (`flink` is None without a job)."""
    wanted, keeper = wanted_live(stack), keeper_state(stack)
    flink = Flink(stack.flink_url)
    jobs = flink.live(LIVE)
    return {
        "wanted": wanted["wanted"],
        "parallelism": _parallelism(stack, wanted),
        "run": keeper.get("run"),
        "keeper": {
            name: keeper.get(name) for name in ("state", "last_error", "restored_from", "submitted_ms")
        },
        "flink": _flink_status(flink, jobs[0]) if jobs else None,
        "stopped_plugins": plugin_watcher.stopped(stack.paths.plugins),
    }


def run_bounded(
    stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any
) -> dict[str, Any]:
    """Runs one bounded job over a topic of past data and waits for its end; job_id, run and seconds.

    Its decisions go to the stack's decisions topic under a run of their own (`changes` replaces top-level
    keys of the job's configuration). It joins no group of the live job. Failed when it ends otherwise than
    finished; it is cancelled when it does not end within `wait_s`.
    """
    run = next_run(stack)
    full = f"fraudctl-{name}"
    config = job_config(
        stack,
        run,
        name=full,
        group=full,
        topics=topics_of(stack) | {"transactions": topic},
        checkpoints=(stack.paths.checkpoints / f"past-{run}").as_uri(),
        time="event",
        bounded=True,
        checkpoint_interval_ms=BOUNDED_INTERVALS * stack.profile.pipeline.checkpoint_interval_ms,
    )
    started = time.monotonic()
    flink = Flink(stack.flink_url)
    job_id = submit(stack, config | changes, min(wait_s, SUBMIT_S))
    try:
        job = await_end(flink, job_id, wait_s, progress)
    except BaseException:
        flink.cancel(job_id)
        raise
    if job.state != "FINISHED":
        raise Failed(
            f"job {name} ended as {job.state}: {reason_of(flink, job_id)}",
            hint="look at: fraudctl logs taskmanager",
            code="job_failed",
        )
    return {"job_id": job_id, "run": run, "seconds": round(time.monotonic() - started, 3)}


def await_end(flink: Flink, job_id: str, wait_s: float, progress: Progress) -> Job:
    """Waits until the job has ended, showing what its source has read; Failed after `wait_s`."""
    deadline = time.monotonic() + wait_s
    while True:
        detail = flink.job(job_id)
        if detail.job.ended:
            return detail.job
        progress.update(
            max((v.written_records for v in detail.vertices), default=0), detail.job.state.lower()
        )
        if time.monotonic() > deadline:
            raise Failed(f"job {detail.job.name} did not end within {wait_s:.0f} s", code="job_not_ended")
        threading.Event().wait(PROGRESS_S)


def _resume(stack: Stack, restore: str, parallelism: int | None) -> dict[str, Any]:
    if restore not in ("latest", "none"):
        folder = local_path(restore).resolve()
        folder = folder.parent if folder.name == "_metadata" else folder
        if not (folder / "_metadata").exists():
            known = next((point.path for point in restore_points(stack.home)), "none")
            raise UsageError(
                f"{folder} is no complete savepoint or checkpoint", hint=f"the newest is {known}"
            )
        restore = folder.as_uri()
    return {"from": restore, "parallelism": parallelism}


def _parallelism(stack: Stack, wanted: Mapping[str, Any]) -> int:
    return int(wanted["parallelism"] or stack.profile.pipeline.parallelism)


def _await_running(stack: Stack, generation: int, asked_ms: int, wait_s: float, progress: Progress) -> None:
    flink = Flink(stack.flink_url)
    deadline = time.monotonic() + wait_s
    while True:
        keeper = keeper_state(stack)
        if int(keeper.get("generation", -1)) >= generation and _all_tasks_run(flink):
            return
        if int(keeper.get("failures", 0)) >= 3 and int(keeper.get("failed_ms", 0)) >= asked_ms:
            raise Failed(
                str(keeper.get("last_error")), hint="look at: fraudctl logs keeper", code="job_failed"
            )
        if time.monotonic() > deadline:
            reason = keeper.get("last_error") or f"the keeper is {keeper.get('state', 'not there')}"
            raise Failed(
                f"the job does not run after {wait_s:.0f} s: {reason}",
                hint="look at: fraudctl logs keeper; fraudctl logs jobmanager",
                code="job_not_running",
            )
        progress.update(0, f"keeper: {keeper.get('state', 'not started')}")
        threading.Event().wait(POLL_S)


def _all_tasks_run(flink: Flink) -> bool:
    try:
        jobs = flink.live(LIVE)
        return len(jobs) == 1 and flink.job(jobs[0].job_id).running
    except FraudctlError:
        return False


def _live_job(flink: Flink) -> Job:
    jobs = flink.live(LIVE)
    if not jobs:
        raise NotRunning("the live job does not run", hint="submit it with: fraudctl job submit")
    return jobs[0]


def _end(stack: Stack, flink: Flink, job: Job, wait_s: float, with_savepoint: bool) -> str | None:
    if not with_savepoint:
        flink.cancel(job.job_id, wait_s)
        return None
    path = flink.stop_with_savepoint(job.job_id, _savepoint_folder(stack), wait_s)
    _remember(stack, path)
    flink.wait_ended(job.job_id, wait_s)
    return path


def _savepoint_folder(stack: Stack) -> str:
    return (stack.paths.savepoints / f"run-{keeper_state(stack).get('run', 0)}").as_uri()


def _remember(stack: Stack, path: str) -> None:
    write_json(stack.paths.jobs / "savepoint.json", {"path": path, "completed_ms": now_ms()})


def _flink_status(flink: Flink, job: Job) -> dict[str, Any]:
    detail, checkpoints = flink.job(job.job_id), flink.checkpoints(job.job_id)
    latest = checkpoints.latest
    return {
        "job_id": job.job_id,
        "state": job.state,
        "all_tasks_running": detail.running,
        "start_ms": job.start_ms,
        "tasks": [{"name": v.name, "parallelism": v.parallelism, "state": v.state} for v in detail.vertices],
        "checkpoints": {
            "completed": checkpoints.completed,
            "failed": checkpoints.failed,
            "latest": None if latest is None else asdict(latest),
        },
    }
