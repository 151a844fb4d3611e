"""Kills one process the hard way (SIGKILL); the supervisor starts it again."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.home.stack import Stack

NEEDS = ("target",)


def targets() -> tuple[str, ...]:
    return _programs.names()


def words(fault: Fault) -> str:
    return f"kill {fault.target} with SIGKILL; the supervisor starts it again"


def plan(stack: Stack, fault: Fault) -> dict[str, Any]:
    _programs.check(stack, fault.target)
    return {"program": fault.target, "pid": _programs.pid(stack, fault.target)}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    """The pid is asked for again: it may have been started anew since the plan.

    When this returns the process is dead and the supervisor knows it, so that `lift` does not take the dying
    one for one that is back.
    """
    program = memo["program"]
    if pid := _programs.pid(stack, program):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _programs.await_gone(stack, program, pid)


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    """Waits until the supervisor has started it again."""
    _programs.await_running(stack, memo["program"], memo["pid"])
