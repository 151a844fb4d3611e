"""Freezes one program and its children for a time (SIGSTOP), then lets them go on (SIGCONT).

To the others it is a peer that keeps its connections and says nothing: the fault that only timeouts find.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psutil

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.home.stack import Stack

NEEDS = ("target", "lasts")


def targets() -> tuple[str, ...]:
    return _programs.names()


def words(fault: Fault) -> str:
    return f"freeze {fault.target} (SIGSTOP), let it go on after {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    _programs.check(stack, fault.target)
    root = psutil.Process(_programs.pid(stack, fault.target))
    return {"program": fault.target, "pid": root.pid, "started": root.create_time()}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    """The parent first, so that it cannot make more children meanwhile."""
    for process in _family(memo):
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    for process in _family(memo):
        with suppress(psutil.NoSuchProcess):
            process.suspend()


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    """Everybody, the root last, so that nobody who was frozen is waited for."""
    for process in reversed(_family(memo)):
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _family(memo: Mapping[str, Any]) -> list[psutil.Process]:
    """Empty when the number now belongs to another process."""
    found = _programs.family(int(memo["pid"]))
    return found if found and found[0].create_time() == memo["started"] else []
