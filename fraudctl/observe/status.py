"""What `status` shows of a running stack beyond its servers: processes, the job, the sinks, rates."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import psutil

from fraudctl.engines import workers, writers
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import LIVE
from fraudctl.kafka import admin
from pipeline.records import clock
from pipeline.records.names import writer_group

RATE_SECONDS = 10
AT_EASE: Final = ("running", "paused", str(Condition.STARTING), writers.UNSEEN)
"""Writers that do what is wanted of them. Of a process that does not run its own health tells."""


class Program(TypedDict):
    """A process with its children."""

    name: str
    state: str
    pid: int | None
    rss_bytes: int | None
    uptime_s: int | None


class LiveJob(TypedDict):
    """The live job. `healthy` is whether it is as wanted: runs with all its tasks, or is stopped.

    `reason` says why it is not well where its state does not, and with `mend` why it is not known.
    """

    name: str | None
    state: str
    job_id: str | None
    uptime_s: int | None
    checkpoints: int | None
    failed_checkpoints: int | None
    checkpoint_age_s: int | None
    checkpoint_duration_s: float | None
    checkpoint_bytes: int | None
    healthy: bool
    wanted: NotRequired[str]
    reason: NotRequired[str]
    mend: NotRequired[str | None]


class Sink(TypedDict):
    """A writer, how it is (as `sinks status` says), its lag in records, and what it says of itself."""

    name: str
    state: str
    healthy: bool
    lag: int | None
    last_error: NotRequired[str | None]
    written: NotRequired[int]
    retried: NotRequired[int]
    dead_lettered: NotRequired[int]
    mend: NotRequired[str | None]


class Rates(TypedDict):
    """Of each topic how many records it has, and how many a second came of late."""

    transaction_records: int | None
    decisions: int | None
    refusals: int | None
    per_second: dict[str, float | None]


def program(state: ProgramState) -> Program:
    """One program: name, state, pid, resident bytes (children included), seconds up."""
    return {
        "name": state.name,
        "state": str(state.condition),
        "pid": state.pid or None,
        "rss_bytes": _resident(state.pid) if state.runs else None,
        "uptime_s": max(0, int(time.time()) - state.started_s) if state.runs else None,
    }


def job(stack: Stack) -> LiveJob:
    """The live job: state, age, newest checkpoint."""
    found = _no_job()
    if not stack.runs_jobs:
        return found
    try:
        found["wanted"] = wanted = _wanted(stack)
        runs = _see(stack, found)
    except FraudctlError as error:
        found.update({"state": "unknown", "healthy": False, "reason": error.message})
        found["mend"] = error.hint or None
        return found
    is_there = found["job_id"] is not None
    found["healthy"] = runs if wanted == "running" else not is_there
    if wanted == "running" and is_there and not runs and found["state"] == "RUNNING":
        found["reason"] = "not all of its tasks run"
    if wanted == "stopped" and not is_there:
        found["state"] = "stopped"
    return found


def _no_job() -> LiveJob:
    return {
        "name": None,
        "state": "none",
        "job_id": None,
        "uptime_s": None,
        "checkpoints": None,
        "failed_checkpoints": None,
        "checkpoint_age_s": None,
        "checkpoint_duration_s": None,
        "checkpoint_bytes": None,
        "healthy": True,
    }


def _see(stack: Stack, found: LiveJob) -> bool:
    """What Flink knows of it; whether all its tasks run."""
    flink = Flink(stack.flink, timeout_s=5)
    live = [one for one in flink.jobs() if one.name.startswith(LIVE) and not one.ended]
    if not live:
        return False
    newest = live[-1]
    checkpoints = flink.checkpoints(newest.job_id)
    latest = checkpoints.latest
    now_ms = clock.now_ms()
    found.update(
        {
            "name": newest.name,
            "state": newest.state,
            "job_id": newest.job_id,
            "uptime_s": int((now_ms - newest.start_ms) / 1000),
            "checkpoints": checkpoints.completed,
            "failed_checkpoints": checkpoints.failed,
            "checkpoint_age_s": int((now_ms - latest.completed_ms) / 1000) if latest else None,
            "checkpoint_duration_s": latest.duration_ms / 1000 if latest else None,
            "checkpoint_bytes": latest.size_bytes if latest else None,
        }
    )
    return newest.running


def _wanted(stack: Stack) -> str:
    there = (stack.paths.jobs / "live.json").exists()
    return jobs.wanted_live(stack).wanted if there else "nothing"


def sinks(stack: Stack, programs: Mapping[str, ProgramState], away: str = "") -> list[Sink]:
    """Every sink writer with its lag in records and what it says of itself in its status file.

    `away` is why Kafka is not asked, where it is known not to answer.
    """
    return [_sink(stack, name, programs, away) for name in workers.sinks(stack)]


def _sink(stack: Stack, name: str, programs: Mapping[str, ProgramState], away: str) -> Sink:
    """One whose store does not answer waits and tries again: it is not well. One that was paused is."""
    said, trouble = None, away
    try:
        said = workers.said(stack, name)
    except FraudctlError as failure:
        trouble = trouble or failure.message
    state = writers.state(stack, name, programs, said)
    found: Sink = {"name": workers.program(name), "state": state, "healthy": state in AT_EASE, "lag": None}
    if said is None:
        is_unseen = state == writers.UNSEEN
        found["last_error"] = None if is_unseen else "it has not said anything yet"
    else:
        found |= {"written": said.written, "retried": said.retried, "dead_lettered": said.dead_lettered}
        found |= {"last_error": said.last_error, "mend": said.mend}
    if not away:
        found["lag"], unknown = _lag(stack, name)
        trouble = trouble or unknown
    if trouble:
        found |= {"healthy": False, "last_error": trouble}
    return found


def _lag(stack: Stack, name: str) -> tuple[int | None, str]:
    """How many records it is behind, or why that is not known."""
    try:
        by_partition = admin.lag(stack.kafka, writer_group(name), stack.profile.topics.decisions)
    except FraudctlError as error:
        return None, error.message
    return sum(by_partition.values()), ""


def rates(stack: Stack, away: str = "") -> Rates:
    """Records on the live topics (control records included) and how many came a second of late; None where
    Kafka does not answer, or is `away`."""
    names = stack.profile.topics
    transactions, transactions_s = _counted(stack, names.transactions, away)
    decisions, decisions_s = _counted(stack, names.decisions, away)
    refusals, refusals_s = _counted(stack, names.refusals, away)
    return {
        "transaction_records": transactions,
        "decisions": decisions,
        "refusals": refusals,
        "per_second": {
            "transaction_records": transactions_s,
            "decisions": decisions_s,
            "refusals": refusals_s,
        },
    }


def _counted(stack: Stack, topic: str, away: str) -> tuple[int | None, float | None]:
    """Every record of a topic, and those a second over the last RATE_SECONDS."""
    if away:
        return None, None
    try:
        since = admin.offsets_at(stack.kafka, topic, clock.now_ms() - RATE_SECONDS * 1000)
        ends = admin.end_offsets(stack.kafka, topic)
    except FraudctlError:
        return None, None
    recent = sum(ends.values()) - sum(since.values())
    return sum(ends.values()), round(recent / RATE_SECONDS, 1)


def _resident(pid: int) -> int | None:
    """Resident bytes of a process and its children; pages they share are counted once where that is known."""
    try:
        process = psutil.Process(pid)
        return sum(_own(one) for one in [process, *process.children(recursive=True)])
    except psutil.Error:
        return None


def _own(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return int(process.memory_info().rss)
