"""The live job as it is seen from a pod, where nobody may change what the operator does."""

from __future__ import annotations

from typing import NoReturn

from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.home.stack import Stack
from fraudctl.jobs import live
from fraudctl.jobs.live_answers import LiveStatus

_HINT = "where a kubeconfig is: fraudctl job …, or change the FlinkDeployment in your repository"


class Foreign:
    """Tells how the job is, as Flink has it, and does nothing."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def start(self, wait_s: float, progress: Progress, restore: str = "latest") -> NoReturn:
        raise _refusal()

    def stop(self, wait_s: float, progress: Progress, savepoint: bool = True) -> NoReturn:
        raise _refusal()

    def savepoint(self, wait_s: float, progress: Progress) -> NoReturn:
        raise _refusal()

    def rescale(self, parallelism: int, wait_s: float, progress: Progress) -> NoReturn:
        raise _refusal()

    def status(self) -> LiveStatus:
        """As Flink's REST interface tells it."""
        return live.status(self._stack)


def _refusal() -> UsageError:
    return UsageError("the operator alone submits and stops the job", hint=_HINT, code="operator")
