"""Kills one process the hard way (SIGKILL); the engine starts it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fraudctl import engines
from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.home.stack import Stack

NEEDS = ("target",)


def targets() -> tuple[str, ...]:
    return _programs.names()


def words(fault: Fault) -> str:
    return f"kill {fault.target} with SIGKILL; the engine starts it again"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    _programs.check(stack, fault.target)
    return {"program": fault.target, "pid": _programs.pid(stack, fault.target)}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    """The process is asked for again: it may have been started anew since the plan.

    When this returns it is dead and the engine knows, so that `lift` does not take the dying one for one that
    is back.
    """
    program = memo["program"]
    pid = _programs.pid(stack, program)
    engines.of(stack).kill(stack, program)
    _programs.await_gone(stack, program, pid)


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    """Waits until the engine has started it again."""
    _programs.await_running(stack, memo["program"], memo["pid"])
