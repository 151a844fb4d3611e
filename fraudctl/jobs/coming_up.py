"""Waiting until the live job, which the keeper submits, has come up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home.jobs import POLL_S, KeeperState, keeper_state
from fraudctl.jobs import reasons
from fraudctl.jobs.submission import LIVE
from fraudctl.waiting import until

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

RESUMES_S: Final = 1.0
"""How long the tasks of a restored job run until they have asked for the records that they go on with.

Where the log no longer has them, all tasks run for a moment and then fail, again and again.
"""


def await_running(stack: Stack, generation: int, asked_ms: int, wait_s: float, progress: Progress) -> None:
    """Waits until the job of that generation runs and has found what it goes on with.

    Failed where the keeper has failed three times since `asked_ms` (epoch milliseconds), where the log has
    lost what comes next in the state, and after `wait_s` seconds.
    """
    coming = _ComingUp(stack, generation)

    def runs() -> bool:
        if coming.runs():
            return True
        keeper = coming.keeper
        if keeper and keeper.failures >= 3 and keeper.failed_ms >= asked_ms:
            raise Failed(str(keeper.last_error), hint="look at: fraudctl logs keeper", code="job_failed")
        progress.update(0, f"keeper: {keeper.state if keeper else 'not started'}")
        return False

    def does_not() -> Failed:
        keeper = coming.keeper
        seen = keeper.state if keeper else "not there"
        reason = (keeper and keeper.last_error) or f"the keeper is {seen}"
        return Failed(
            f"the job does not run after {wait_s:.0f} s: {reason}",
            hint="the keeper goes on trying, see: fraudctl job status; or wait for longer, with --wait; "
            "look at: fraudctl logs keeper; fraudctl logs flink-jobmanager",
            code="job_not_running",
        )

    until(runs, wait_s, does_not, POLL_S)


class _ComingUp:
    """What was seen of a job that is awaited, look by look."""

    def __init__(self, stack: Stack, generation: int) -> None:
        self._stack, self._generation, self._flink = stack, generation, Flink(stack.flink)
        self._since_s: float | None = None
        self.keeper: KeeperState | None = None

    def runs(self) -> bool:
        """Whether all tasks run, and have done so for long enough. Failed where they never will."""
        self.keeper = keeper_state(self._stack)
        if self.keeper is None or self.keeper.generation < self._generation:
            return False
        if not self._all_tasks_run():
            self._since_s = None
            return False
        now_s = time.monotonic()
        self._since_s = now_s if self._since_s is None else self._since_s
        return now_s - self._since_s >= (RESUMES_S if self.keeper.restored_from else 0.0)

    def _all_tasks_run(self) -> bool:
        try:
            jobs = self._flink.live(LIVE)
            if len(jobs) != 1:
                return False
            if self._flink.job(jobs[0].job_id).running:
                return True
            gap = reasons.gap(self._flink, self._stack.kafka, jobs[0].job_id)
        except FraudctlError:
            return False
        if gap is not None:
            raise Failed(gap.message, hint=gap.hint, code=gap.code)
        return False
