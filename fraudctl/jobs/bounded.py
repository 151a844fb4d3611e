"""Bounded jobs beside the live one, over past data or the log again: handed to Flink, and waited for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypedDict

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, UsageError
from fraudctl.flink.answers import Job
from fraudctl.flink.rest import Flink
from fraudctl.jobs import reasons, states
from fraudctl.jobs.live_answers import Past
from fraudctl.jobs.run_numbers import next_run
from fraudctl.jobs.submission import SUBMIT_S, job_config, submit, topics_of
from fraudctl.kafka import forgotten
from fraudctl.waiting import until
from pipeline.scoring.job_config import JobTopics

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

PROGRESS_S: Final = 0.25
"""between two looks, each of which costs the cluster processor time that the job could use"""
INTERVALS: Final = 6
"""Of the live job's, between checkpoints: each writes the states of all keys that have changed, and a lost
TaskManager costs a bounded job nothing but time."""


class Over(TypedDict):
    """How the configuration of a bounded job differs from the live one's, by the names of its fields."""

    name: str
    group: str
    topics: JobTopics
    time: str
    bounded: bool
    forgotten: Mapping[str, object]


def run(stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any) -> Past:
    """Runs one bounded job over a topic of past data and waits for its end; job_id, run and seconds.

    Its decisions go to the stack's decisions topic under a run of their own (`changes` replaces fields
    of the job's configuration). It joins no group of the live job. Failed when it ends otherwise than
    finished; it is cancelled when it does not end within `wait_s`. UsageError as `check`.
    """
    check(stack)
    number = next_run(stack)
    config = job_config(
        stack,
        number,
        checkpoints=states.of_past(stack, number),
        checkpoint_interval_ms=INTERVALS * stack.profile.pipeline.checkpoint_interval_ms,
        **over(stack, topic, name),
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
    return {"job_id": job_id, "run": number, "seconds": round(time.monotonic() - started, 3)}


def over(stack: Stack, topic: str, name: str) -> Over:
    """That of one over that topic, wherever it runs."""
    full = f"fraudctl-{name}"
    return {
        "name": full,
        "group": full,
        "topics": replace(topics_of(stack), transactions=topic),
        "time": "event",
        "bounded": True,
        "forgotten": forgotten.of(stack).as_document(topic),
    }


def check(stack: Stack) -> None:
    """UsageError where Flink takes no job from us: in application mode a cluster is its one job's.

    A stack that knows the jars of a job has one that does.
    """
    if not stack.is_kept and not stack.job_jars:
        raise UsageError(
            f"the Flink of a stack on {stack.engine} takes no job beside its own",
            hint="on Kubernetes run a replay where kubectl reaches the cluster: it gets a Flink of its own",
            code="no_session",
        )


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
