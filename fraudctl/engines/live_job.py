"""The live job of a stack, whoever submits it: our keeper, or what an engine has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fraudctl import engines
from fraudctl.console.progress import Progress
from fraudctl.engines.contract import LiveJob
from fraudctl.jobs import live
from fraudctl.jobs.live_answers import Ended, LiveStatus

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


class Kept:
    """The one that the keeper submits, as `fraudctl.jobs.live` speaks of it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def start(self, wait_s: float, progress: Progress, restore: str = "latest") -> LiveStatus:
        return live.start(self._stack, wait_s, progress, restore=restore)

    def stop(self, wait_s: float, progress: Progress, savepoint: bool = True) -> Ended:
        return live.stop(self._stack, wait_s, progress, savepoint=savepoint)

    def savepoint(self, wait_s: float, progress: Progress) -> Ended:
        return live.savepoint(self._stack, wait_s)

    def rescale(self, parallelism: int, wait_s: float, progress: Progress) -> LiveStatus:
        return live.rescale(self._stack, parallelism, wait_s, progress)

    def status(self) -> LiveStatus:
        return live.status(self._stack)


def of(stack: Stack) -> LiveJob:
    """That of this stack."""
    return engines.of(stack).live_job(stack) or Kept(stack)
