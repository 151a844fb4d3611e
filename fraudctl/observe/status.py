"""What `status` shows of a running stack beyond its servers: processes, the job, the sinks, rates."""

from __future__ import annotations

import time
from typing import Any

import psutil

from fraudctl.engines import workers
from fraudctl.engines.contract import ProgramState
from fraudctl.errors import FraudctlError
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import LIVE
from pipeline.records.names import writer_group

RATE_SECONDS = 10


def program(state: ProgramState) -> dict[str, Any]:
    """One program: name, state, pid, resident bytes (children included), seconds up."""
    return {
        "name": state.name,
        "state": str(state.condition),
        "pid": state.pid or None,
        "rss_bytes": _resident(state.pid) if state.runs else None,
        "uptime_s": max(0, int(time.time()) - state.started_s) if state.runs else None,
    }


def job(stack: Stack) -> dict[str, Any]:
    """The live job: state, age, newest checkpoint; `healthy` is false if it should run and does not."""
    found: dict[str, Any] = {"name": None, "state": "none", "job_id": None, "uptime_s": None}
    found |= {"checkpoints": None, "failed_checkpoints": None, "checkpoint_age_s": None}
    found |= {"checkpoint_duration_s": None, "checkpoint_bytes": None, "healthy": True}
    if not stack.runs_jobs:
        return found
    try:
        found["wanted"] = wanted = _wanted(stack)
        found |= _live(stack)
    except FraudctlError as error:
        found |= {"state": "unknown", "healthy": False, "reason": error.message, "mend": error.hint or None}
        return found
    found["healthy"] = wanted != "running" or found["state"] == "RUNNING"
    return found


def _live(stack: Stack) -> dict[str, Any]:
    from fraudctl.flink.rest import Flink

    flink = Flink(stack.flink_url, timeout_s=5)
    live = [one for one in flink.jobs() if one.name.startswith(LIVE) and not one.ended]
    if not live:
        return {}
    newest = live[-1]
    checkpoints = flink.checkpoints(newest.job_id)
    latest = checkpoints.latest
    now_ms = time.time() * 1000
    return {
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


def _wanted(stack: Stack) -> str:
    there = (stack.paths.jobs / "live.json").exists()
    return jobs.wanted_live(stack).wanted if there else "nothing"


def sinks(stack: Stack) -> list[dict[str, Any]]:
    """Every sink writer with its lag in records and what it says of itself in its status file."""
    return [_sink(stack, name) for name in workers.sinks(stack)]


def _sink(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": workers.program(name), "healthy": True, "lag": None}
    try:
        if (said := workers.said(stack, name)) is None:
            found["last_error"] = "it has not said anything yet"
        else:
            shown = ("written", "retried", "dead_lettered", "last_error", "lag")
            found |= {key: getattr(said, key) for key in shown}
            # Its store refuses, or does not answer, for now: the writer waits and tries again.
            found["healthy"] = not said.paused
    except FraudctlError as error:
        found |= {"healthy": False, "last_error": error.message}
    try:
        from fraudctl.kafka import admin

        found["lag"] = sum(
            admin.lag(stack.kafka, writer_group(name), stack.profile.topics.decisions).values()
        )
    except FraudctlError as error:
        found |= {"healthy": False, "last_error": error.message}
    return found


def rates(stack: Stack) -> dict[str, Any]:
    """Records on the live topics (control records included) and how many came a second of late; None where
    Kafka does not answer."""
    names = stack.profile.topics
    wanted = {"transaction_records": names.transactions, "decisions": names.decisions}
    wanted["refusals"] = names.refusals
    counted = {key: _counted(stack, topic) for key, topic in wanted.items()}
    records: dict[str, Any] = {key: total for key, (total, _) in counted.items()}
    return records | {"per_second": {key: recent for key, (_, recent) in counted.items()}}


def _counted(stack: Stack, topic: str) -> tuple[int | None, float | None]:
    """Every record of a topic, and those a second over the last RATE_SECONDS."""
    from fraudctl.kafka import admin

    try:
        since = admin.offsets_at(stack.kafka, topic, int((time.time() - RATE_SECONDS) * 1000))
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
