"""Sends all events in another order: each at a random moment within a stretch of time after its own."""

from __future__ import annotations

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _timing
from fraudctl.traffic.feeder import Shape

NEEDS = ("by",)


def targets() -> tuple[str, ...]:
    return ()


def words(fault: Fault) -> str:
    return f"send the events in another order, each up to {fault.settings['by'] / 1000:g} s after its time"


def shape(fault: Fault, seed: int) -> Shape:
    return lambda events: _timing.held_back(events, 1.0, fault.settings["by"], seed)
