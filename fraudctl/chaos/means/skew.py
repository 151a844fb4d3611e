"""Lets the clocks of some producers be wrong: all events of a share of the users carry shifted event times.

Half of these users live in the future, half in the past.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from fraudctl.chaos.fault import Fault
from fraudctl.traffic.feeder import Sending, Shape
from fraudctl.traffic.generator import Planned

NEEDS = ("share", "by")


def targets() -> tuple[str, ...]:
    return ()


def words(fault: Fault) -> str:
    share, by_ms = fault.settings["share"], fault.settings["by"]
    return f"set the clock of {share:.0%} of the users wrong by {by_ms / 1000:g} s, half ahead, half behind"


def shape(fault: Fault, seed: int) -> Shape:
    def skewed(events: Iterator[Planned]) -> Iterator[Sending]:
        for planned in events:
            yield Sending(_shifted(planned, fault.settings["share"], fault.settings["by"]), planned.offset_ms)

    return skewed


def _shifted(planned: Planned, share: float, by_ms: int) -> Planned:
    place = zlib.crc32(planned.transaction.user_id.encode()) / 2**32
    if place >= share:
        return planned
    shift_ms = by_ms if place < share / 2 else -by_ms
    time_ms = planned.transaction.event_time_ms + shift_ms
    return replace(planned, transaction=replace(planned.transaction, event_time_ms=time_ms))
