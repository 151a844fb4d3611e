"""Holds back a share of the events by up to a time, so that they arrive late."""

from __future__ import annotations

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _timing
from fraudctl.traffic.feeder import Shape

NEEDS = ("share", "by")


def targets() -> tuple[str, ...]:
    return ()


def words(fault: Fault) -> str:
    share, by_ms = fault.settings["share"], fault.settings["by"]
    return f"hold back {share:.0%} of the events by up to {by_ms / 1000:g} s"


def shape(fault: Fault, seed: int) -> Shape:
    return lambda events: _timing.held_back(events, fault.settings["share"], fault.settings["by"], seed)
