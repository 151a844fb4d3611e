"""By which keys the live job has steps: as it was submitted by our keeper, else as Flink tells what it runs.

A rule set whose features are by another key would come into force and have none of them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from fraudctl.errors import Unhealthy
from fraudctl.flink.rest import Flink
from fraudctl.home.jobs import submitted_live, wanted_live
from fraudctl.home.stack import HOPS
from fraudctl.jobs.submission import LIVE
from pipeline.rules.feature import KEY_NAME, in_order

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0
RESTART: Final = "add --restart: the job stops with a savepoint and goes on with the step"
DEPLOY: Final = (
    "deploy the job with that step first: job.hops in the values on Kubernetes, hops in those on AWS"
)
_STEP: Final = re.compile(rf"features by ({KEY_NAME.pattern})")
"""what the kernel's `Wiring` calls a step; one in the middle of a chain stands in the name of its task"""


def known(stack: Stack, ever: Callable[[], Sequence[str]]) -> Sequence[str] | None:
    """The keys of the job that runs; None where none does, or nobody knows.

    `ever` gives those that rule sets in force have needed. They count while a Flink is silent whose job is
    not our keeper's: what was in force can be gone back to.
    """
    if stack.is_kept:
        submitted = submitted_live(stack) if wanted_live(stack).wanted == "running" else None
        return None if submitted is None else submitted.hops
    if HOPS in stack.extra:
        return in_order(stack.extra[HOPS])
    try:
        return running(stack) if stack.runs_jobs else None
    except Unhealthy as failure:
        log.warning("which steps the job has is not known: %s", failure.message)
        return ever() or None


def running(stack: Stack) -> tuple[str, ...] | None:
    """The keys of the job that Flink runs, in the order of its steps; None where it runs none. Unhealthy."""
    flink = Flink(stack.flink, timeout_s=ANSWER_S)
    jobs = flink.live(LIVE)
    if not jobs:
        return None
    names = [vertex.name for vertex in flink.job(jobs[0].job_id).vertices]
    return in_order(key for name in names for key in _STEP.findall(name))


def mend(stack: Stack) -> str:
    """How the job gets a step that it lacks."""
    return RESTART if stack.is_kept else DEPLOY
