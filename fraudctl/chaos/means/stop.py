"""Stops one program in an orderly way for a time: a server that is down, and knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fraudctl import engines
from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.home.stack import Stack

NEEDS = ("target", "lasts")


def targets() -> tuple[str, ...]:
    return _programs.names()


def words(fault: Fault) -> str:
    return f"stop {fault.target}, start it again after {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    _programs.check(stack, fault.target)
    return {"program": fault.target}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    engines.of(stack).stop(stack, memo["program"])


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    engines.of(stack).start(stack, memo["program"])
    _programs.await_running(stack, memo["program"])
