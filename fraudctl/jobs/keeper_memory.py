"""What the keeper knows of the past, also while a file of the home cannot be read.

A file that is damaged, or of a newer version, changes nothing of what it said before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from fraudctl.home import jobs as jobfiles
from fraudctl.home.jobs import KeeperState as State
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.waiting import every

log = logging.getLogger("keeper")
T = TypeVar("T")


class LastGood(Generic[T]):
    """What a file says, or said when it could last be read; `complaint` is why it cannot be read now."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._known: T | None = None
        self.complaint: str | None = None

    def __call__(self) -> T:
        """Damaged or Newer only where it could never be read."""
        try:
            self._known, self.complaint = self._read(), None
        except (Damaged, Newer) as failure:
            if failure.message != self.complaint:
                log.error("%s; going on with what it said before", failure.message)
            self.complaint = failure.message
            if self._known is None:
                raise
        return self._known


def put(stack: Stack, state: State) -> None:
    """On disk where that does not say it; what a later version has written is not replaced."""
    try:
        if _on_disk(stack) == state:
            return
    except Newer as failure:
        log.error("%s", failure.message)
        return
    jobfiles.keep_state(stack, state)


def _on_disk(stack: Stack) -> State | None:
    try:
        return jobfiles.keeper_state(stack)
    except Damaged as failure:
        log.error("%s; writing it anew", failure.message)
        return None


def known_state(stack: Stack) -> State:
    """What a keeper that begins knows of the past; the little that matters where its file is lost.

    Newer: what a later version has written is not replaced.
    """
    kept = _on_disk(stack)
    if kept is not None:
        known = State(generation=kept.generation, run=kept.run, base=kept.base, base_ms=kept.base_ms)
        return replace(known, has_run=kept.has_run)
    try:
        return jobfiles.recovered_state(stack)
    except Damaged as failure:
        log.error("%s; no run is known to be in force", failure.message)
        return State()


def once_readable(make: Callable[[], T], every_s: float) -> T:
    """What could be made as soon as the files it needs can be read; the reason to wait is said once."""
    said = None
    for _ in every(every_s):
        try:
            return make()
        except (Damaged, Newer) as failure:
            if failure.message != said:
                log.error("%s; waiting. %s", failure.message, failure.hint)
            said = failure.message
    raise AssertionError("it goes on for ever")
