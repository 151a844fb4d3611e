"""When the live job may be handed to Flink again after it ended or was lost, and how."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fraudctl.errors import FraudctlError
from fraudctl.flink.answers import Job
from fraudctl.flink.rest import Flink
from fraudctl.jobs import activations, reasons, states
from fraudctl.jobs.submission import submit
from pipeline.connections.kafka.description import Kafka
from pipeline.scoring.job_config import JobConfig

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

LONGEST_PAUSE_MS = 30_000
SOON_S = 15.0
"""By then a TaskManager that lost its JobManager has noticed, and ended its tasks (`heartbeat.timeout`)."""


def younger(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Those that must go when there is more than one; `jobs` are the oldest first."""
    return tuple(jobs[1:])


def pause_ms(failures: int) -> int:
    """How long to wait after that many failures in a row: 1, 2, 4 … 30 seconds."""
    return 0 if failures == 0 else int(min(LONGEST_PAUSE_MS, 1000 * 2 ** min(failures - 1, 10)))


def reason_of_failure(flink: Flink, kafka: Kafka, job_id: str) -> str | None:
    """Why that job failed; None when it did not, or when Flink no longer knows it."""
    if not any(job.job_id == job_id and job.state == "FAILED" for job in flink.jobs()):
        return None
    return f"job {job_id} failed: {reasons.why_failed(flink, kafka, job_id)}"


class Absence:
    """For how long there has been no job, as far as it was looked."""

    def __init__(self) -> None:
        self._since: float | None = None

    def note(self, is_there: bool) -> None:
        self._since = None if is_there else self._since or time.monotonic()

    @property
    def seconds(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since


def left_over(stack: Stack, absence: Absence) -> str | None:
    """Why a job might run beside what a lost JobManager has left: its tasks go on until they notice.

    A TaskManager notices a lost JobManager and registers with the new one at about the same time, so one
    that has not registered may be running them. Of several, those that are missing are waited for until
    they have noticed at any rate.
    """
    flink, wanted = Flink(stack.flink), stack.profile.server("flink").taskmanagers
    overview = flink.overview()
    if lacking := overview.lacking(wanted if absence.seconds < SOON_S else 1):
        return lacking
    if overview.free_slots < overview.slots and all(job.ended for job in flink.jobs()):
        return "tasks of a lost job are still running"
    return None


def submit_live(stack: Stack, config: JobConfig, lock: int) -> str:
    """Hands the live job to Flink; a savepoint that is gone by now is said before Flink is asked."""
    restore = config.restore
    where = states.of(stack)
    if restore and where.holds(restore) and where.point(restore) is None:
        raise FraudctlError(
            f"the state {restore} is gone", hint="start without it: fraudctl job submit --from none"
        )
    return submit(stack, activations.live_config(stack, config), lock=lock)
