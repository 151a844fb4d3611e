"""Events at other moments than their own, given in the order of sending."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

from fraudctl.traffic.feeder import Sending
from fraudctl.traffic.generator import Planned


def held_back(events: Iterator[Planned], share: float, by_ms: int, seed: int) -> Iterator[Sending]:
    """A share of the events up to `by_ms` later, evenly drawn."""
    draw = random.Random(seed).random
    shifted = (Sending(one, one.offset_ms + (draw() * by_ms if draw() < share else 0.0)) for one in events)
    return _in_order([one] for one in shifted)


def with_copies(events: Iterator[Planned], share: float, by_ms: int, seed: int) -> Iterator[Sending]:
    """Every event at its time, and of a share of them a copy up to `by_ms` later."""
    draw = random.Random(seed).random

    def doubled() -> Iterator[list[Sending]]:
        for one in events:
            first = Sending(one, one.offset_ms)
            copy = [Sending(one, one.offset_ms + draw() * by_ms, is_copy=True)] if draw() < share else []
            yield [first, *copy]

    return _in_order(doubled())


def _in_order(groups: Iterator[list[Sending]]) -> Iterator[Sending]:
    """By time. A group is given by its event, in order of the events' own times; none comes before those."""
    waiting: list[tuple[float, int, Sending]] = []
    count = 0
    for group in groups:
        now = group[0].planned.offset_ms
        while waiting and waiting[0][0] <= now:
            yield heapq.heappop(waiting)[2]
        for one in group:
            heapq.heappush(waiting, (one.offset_ms, count, one))
            count += 1
    while waiting:
        yield heapq.heappop(waiting)[2]
