"""The Flink jobs of a stack: what is wanted, what runs, from which state, under which run number.

The live job has one submitter, the keeper (`fraudctl.keeper`). The commands here only write what is wanted
to `jobs/live.json`, take savepoints, and wait until the cluster shows the result. Bounded jobs over past
data are submitted here. Everything is kept below `home/jobs`, in files that are replaced as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.flink.answers import Job
from fraudctl.flink.file_uri import local_path
from fraudctl.flink.rest import Flink
from fraudctl.home.jobs import (
    POLL_S,
    RESET,
    KeeperState,
    WantedLive,
    keeper_state,
    remember_savepoint,
    submission_lock,
    want,
)
from fraudctl.home.jobs import wanted_live as wanted_live
from fraudctl.jobs import plugin_watcher, reasons, states
from fraudctl.jobs.live_answers import Ended, FlinkJob, LiveStatus, Past, submission_of
from fraudctl.jobs.run_numbers import next_run
from fraudctl.jobs.submission import LIVE, SUBMIT_S, job_config, submit, topics_of
from fraudctl.kafka import forgotten
from fraudctl.waiting import until
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
) -> LiveStatus:
    """Wants the live job running and waits until all its tasks run; its status.

    `restore` is `latest` (the newest savepoint or retained checkpoint), `none` (a new run from the start of
    the log) or the path of one. Where offsets were reset, `latest` is a new run from there, and anything else
    drops the reset. Starting a job that runs only waits for it. `hops` are keys by which it is to have steps
    that no activation has needed yet.
    """
    asked_ms = now_ms()
    now = wanted_live(stack)
    if now.wanted != "running":
        restore = _resume(stack, restore)
        reset = now.reset if restore == "latest" else None
        if reset and now.restore == RESET:
            restore = "none"
        wish = {"restore": restore, "reset": reset, "parallelism": parallelism or now.parallelism}
        now = want(stack, wanted="running", hops=tuple(sorted({*now.hops, *hops})), **wish)
    elif restore != "latest" or parallelism not in (None, _parallelism(stack, now)):
        raise UsageError(
            "the job is already running", hint="stop it first with: fraudctl job stop", code="running"
        )
    _await_running(stack, now.generation, asked_ms, wait_s, progress)
    return status(stack)


def stop(stack: Stack, wait_s: float, progress: Progress, savepoint: bool = True) -> Ended:
    """Wants the live job stopped, ends it with a savepoint, and returns its job_id and savepoint.

    The wanted state changes first, so the keeper does not bring the job back. Without `savepoint` the job
    is cancelled and its newest retained checkpoint is what it resumes from. When no savepoint can be taken,
    the former wanted state is put back and Failed is raised.
    """
    before = wanted_live(stack)
    if before.wanted != "stopped":
        want(stack, wanted="stopped")
    flink = Flink(stack.flink)
    progress.update(0, "waiting for the keeper")
    with submission_lock(stack, wait_s):
        jobs = flink.live(LIVE)
        if not jobs:
            return {"job_id": None, "savepoint": None}
        progress.update(0, "taking a savepoint" if savepoint else "cancelling")
        try:
            path = _end(stack, flink, jobs[0], wait_s, savepoint)
        except FraudctlError:
            if before.wanted == "running":
                want(stack, wanted="running", restore="latest")
            raise
    return {"job_id": jobs[0].job_id, "savepoint": path}


def savepoint(stack: Stack, wait_s: float = 120.0) -> Ended:
    """Takes a savepoint of the running live job and returns its job_id and savepoint path."""
    flink = Flink(stack.flink)
    job = _live_job(flink)
    path = flink.savepoint(job.job_id, _savepoint_folder(stack), wait_s)
    remember_savepoint(stack, path)
    return {"job_id": job.job_id, "savepoint": path}


def rescale(stack: Stack, parallelism: int, wait_s: float, progress: Progress) -> LiveStatus:
    """Stops the live job with a savepoint and starts it from there at another parallelism; its status."""
    slots = Flink(stack.flink).overview().slots
    if not 1 <= parallelism <= slots:
        raise UsageError(
            f"parallelism {parallelism} is not possible, Flink has {slots} slots",
            hint=f"choose 1 to {slots}, or have more of them: fraudctl up --taskmanagers N",
        )
    stop(stack, wait_s, progress)
    return start(stack, wait_s, progress, parallelism=parallelism)


def status(stack: Stack) -> LiveStatus:
    """The live job as wanted, as the keeper sees it and as Flink sees it (`flink` is None without a job)."""
    wanted, keeper = wanted_live(stack), keeper_state(stack)
    flink = Flink(stack.flink)
    jobs = flink.live(LIVE)
    return {
        "wanted": wanted.wanted,
        "parallelism": _parallelism(stack, wanted),
        "run": keeper.run if keeper else None,
        "keeper": submission_of(keeper),
        "flink": _flink_status(flink, jobs[0]) if jobs else None,
        "stopped_plugins": plugin_watcher.stopped(stack.paths.plugins),
    }


def run_bounded(
    stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any
) -> Past:
    """Runs one bounded job over a topic of past data and waits for its end; job_id, run and seconds.

    Its decisions go to the stack's decisions topic under a run of their own (`changes` replaces fields
    of the job's configuration). It joins no group of the live job. Failed when it ends otherwise than
    finished; it is cancelled when it does not end within `wait_s`.
    """
    run = next_run(stack)
    full = f"fraudctl-{name}"
    config = job_config(
        stack,
        run,
        name=full,
        group=full,
        topics=replace(topics_of(stack), transactions=topic),
        checkpoints=states.of(stack).folder("checkpoints", f"past-{run}"),
        time="event",
        bounded=True,
        checkpoint_interval_ms=BOUNDED_INTERVALS * stack.profile.pipeline.checkpoint_interval_ms,
        forgotten=forgotten.of(stack).as_document(topic),
    )
    started = time.monotonic()
    flink = Flink(stack.flink)
    job_id = submit(stack, replace(config, **changes), min(wait_s, SUBMIT_S))
    try:
        job = await_end(flink, job_id, wait_s, progress)
    except BaseException:
        flink.cancel(job_id)
        raise
    if job.state != "FINISHED":
        raise Failed(
            reasons.ended(flink, stack.kafka, job),
            hint="look at: fraudctl logs taskmanager",
            code="job_failed",
        )
    return {"job_id": job_id, "run": run, "seconds": round(time.monotonic() - started, 3)}


def await_end(flink: Flink, job_id: str, wait_s: float, progress: Progress) -> Job:
    """Waits until the job has ended, showing what its source has read; Failed after `wait_s`."""
    name = job_id

    def ended() -> Job | None:
        nonlocal name
        detail = flink.job(job_id)
        name = detail.job.name
        if detail.job.ended:
            return detail.job
        progress.update(
            max((v.written_records for v in detail.vertices), default=0), detail.job.state.lower()
        )
        return None

    def too_long() -> Failed:
        return Failed(f"job {name} did not end within {wait_s:.0f} s", code="job_not_ended")

    return until(ended, wait_s, too_long, PROGRESS_S)


def _resume(stack: Stack, restore: str) -> str:
    """What to restore as the keeper takes it. UsageError where it is no complete state, or not whole."""
    if restore in ("latest", "none"):
        return restore
    where, path = states.of(stack), _as_uri(restore).removesuffix("/_metadata")
    found = where.point(path)
    if found is None:
        known = next((point.path for point in states.restore_points(stack)), "none")
        raise UsageError(f"{path} is no complete savepoint or checkpoint", hint=f"the newest is {known}")
    if wrong := states.flaw(stack, found):
        hint = "the newest that is whole is taken by: fraudctl job submit"
        raise UsageError(f"{path} is damaged: {wrong}", hint=hint)
    return found.path


def _as_uri(restore: str) -> str:
    """As Flink is to have it: a path of this machine, or a URI."""
    return restore.rstrip("/") if "://" in restore else local_path(restore).resolve().as_uri()


def _parallelism(stack: Stack, wanted: WantedLive) -> int:
    return wanted.parallelism or stack.profile.pipeline.parallelism


def _await_running(stack: Stack, generation: int, asked_ms: int, wait_s: float, progress: Progress) -> None:
    flink = Flink(stack.flink)
    keeper: KeeperState | None = None

    def runs() -> bool:
        nonlocal keeper
        keeper = keeper_state(stack)
        if keeper and keeper.generation >= generation and _all_tasks_run(flink):
            return True
        if keeper and keeper.failures >= 3 and keeper.failed_ms >= asked_ms:
            raise Failed(str(keeper.last_error), hint="look at: fraudctl logs keeper", code="job_failed")
        progress.update(0, f"keeper: {keeper.state if keeper else 'not started'}")
        return False

    def does_not() -> Failed:
        seen = keeper.state if keeper else "not there"
        reason = (keeper and keeper.last_error) or f"the keeper is {seen}"
        return Failed(
            f"the job does not run after {wait_s:.0f} s: {reason}",
            hint="look at: fraudctl logs keeper; fraudctl logs jobmanager",
            code="job_not_running",
        )

    until(runs, wait_s, does_not, POLL_S)


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
    remember_savepoint(stack, path)
    flink.wait_ended(job.job_id, wait_s)
    return path


def _savepoint_folder(stack: Stack) -> str:
    keeper = keeper_state(stack)
    return states.of(stack).folder("savepoints", f"run-{keeper.run or 0 if keeper else 0}")


def _flink_status(flink: Flink, job: Job) -> FlinkJob:
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
