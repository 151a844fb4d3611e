"""Sends a share of the events again a little later, byte for byte the same, as producers that retry do."""

from __future__ import annotations

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _timing
from fraudctl.traffic.feeder import Shape

NEEDS = ("share", "by")


def targets() -> tuple[str, ...]:
    return ()


def words(fault: Fault) -> str:
    share, by_ms = fault.settings["share"], fault.settings["by"]
    return f"send {share:.0%} of the events twice, the copy up to {by_ms / 1000:g} s later"


def shape(fault: Fault, seed: int) -> Shape:
    return lambda events: _timing.with_copies(events, fault.settings["share"], fault.settings["by"], seed)
