"""The Flink jobs of a stack: what is wanted, what runs, from which state, under which run number.

The live job has one submitter, the keeper (`fraudctl.keeper`). The commands here only write what is wanted
to `jobs/live.json`, take savepoints, and wait until the cluster shows the result. Bounded jobs
are in `bounded`. Everything is kept below `home/jobs`, in files that are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.flink.answers import Job
from fraudctl.flink.file_uri import local_path
from fraudctl.flink.rest import TOO_EARLY, Flink
from fraudctl.home import undertakings
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
from fraudctl.home.undertakings import Undertaking
from fraudctl.jobs import plugin_watcher, states
from fraudctl.jobs.live_answers import STOPPED, Ended, FlinkJob, LiveStatus, submission_of
from fraudctl.jobs.submission import LIVE
from fraudctl.waiting import until
from pipeline.records.clock import now_ms

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


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
    undertakings.finished(stack.home, job=True)
    return status(stack)


def stop(stack: Stack, wait_s: float, progress: Progress, savepoint: bool = True) -> Ended:
    """Wants the live job stopped, ends it with a savepoint, and returns its job_id and savepoint.

    The wanted state changes first, so the keeper does not bring the job back. Without `savepoint` the job
    is cancelled and its newest retained checkpoint is what it resumes from; so is one that keeps failing,
    which has none to give. When no savepoint can be taken, the former wanted state is put back and Failed is
    raised.
    """
    before, fails = wanted_live(stack), _fails(stack)
    if before.wanted != "stopped":
        want(stack, wanted="stopped")
    flink = Flink(stack.flink)
    progress.update(0, "waiting for the keeper")
    with submission_lock(stack, wait_s):
        jobs = flink.live(LIVE)
        if not jobs:
            return {"job_id": None, "savepoint": None}
        try:
            has_one = savepoint and not (fails and not flink.job(jobs[0].job_id).running)
            progress.update(0, "taking a savepoint" if has_one else "cancelling")
            path = _end(stack, flink, jobs[0], wait_s, has_one)
        except FraudctlError:
            if before.wanted == "running":
                want(stack, wanted="running", restore="latest")
            raise
    return {"job_id": jobs[0].job_id, "savepoint": path}


def savepoint(stack: Stack, wait_s: float = 120.0) -> Ended:
    """Takes a savepoint of the running live job and returns its job_id and savepoint path."""
    flink = Flink(stack.flink)
    job = _live_job(flink)
    folder = _savepoint_folder(stack)
    path = _settled(lambda: flink.savepoint(job.job_id, folder, wait_s), wait_s)
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
    again = Undertaking(f"fraudctl job rescale {parallelism}", restarts_job=True)
    with restarting(stack, again):
        stop(stack, wait_s, progress)
        return start(stack, wait_s, progress, parallelism=parallelism)


@contextmanager
def restarting(stack: Stack, undertaking: Undertaking) -> Iterator[None]:
    """While the live job is stopped and started again. Where that fails or is interrupted on the way it is
    wanted as before, and the keeper brings it back.
    """
    with undertakings.begun(stack.home, undertaking):
        before = wanted_live(stack).wanted
        try:
            yield
        except BaseException:
            if before == "running" and wanted_live(stack).wanted != before:
                want(stack, wanted=before, restore="latest")
            undertakings.drop(stack.home)
            raise


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


def stopped(stack: Stack) -> str:
    """That somebody has stopped it, and how it goes on; empty where it is to run, or nobody knows."""
    with suppress(FraudctlError):
        if stack.runs_jobs and wanted_live(stack).wanted != "running":
            return STOPPED
    return ""


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
            hint="the keeper goes on trying, see: fraudctl job status; or wait for longer, with --wait; "
            "look at: fraudctl logs keeper; fraudctl logs flink-jobmanager",
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


def _fails(stack: Stack) -> bool:
    """Whether it has failed and not run steadily since."""
    keeper = keeper_state(stack)
    return keeper is not None and keeper.failures > 0


def _end(stack: Stack, flink: Flink, job: Job, wait_s: float, with_savepoint: bool) -> str | None:
    if not with_savepoint:
        flink.cancel(job.job_id, wait_s)
        return None
    folder = _savepoint_folder(stack)
    path = _settled(lambda: flink.stop_with_savepoint(job.job_id, folder, wait_s), wait_s)
    remember_savepoint(stack, path)
    flink.wait_ended(job.job_id, wait_s)
    return path


def _settled(take: Callable[[], str], wait_s: float) -> str:
    """The path of a savepoint, which needs every task: while some are started again it is asked for anew."""
    refused: list[Failed] = []

    def taken() -> str | None:
        try:
            return take()
        except Failed as error:
            if error.code != TOO_EARLY:
                raise
            refused.append(error)
            return None

    return until(taken, wait_s, lambda: refused[-1])


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
