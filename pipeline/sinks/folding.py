"""A batch folded to the newest decision of each event, the same way for every store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pipeline.records.decision_bytes import Undecodable
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Outcome, Refused


class Read(Protocol):
    """What a store makes of a decision's bytes: whatever it needs, and whose decision it is."""

    @property
    def identity(self) -> Identity: ...


R = TypeVar("R", bound=Read)


def fold(
    batch: Sequence[Delivery], read: Callable[[Delivery], R]
) -> tuple[list[tuple[Delivery, R]], Outcome]:
    """The newest decision of each event as `read` has it, in the order in which the events first occur; and
    what became of the others: superseded within the batch, or refused, where `read` raises Undecodable."""
    newest: dict[Identity, tuple[Delivery, R]] = {}
    refused: list[Refused] = []
    for delivery in batch:
        try:
            found = read(delivery)
        except Undecodable as error:
            refused.append(Refused(delivery, f"undecodable: {error}"))
            continue
        identity = found.identity
        other = newest.get(identity)
        if other is None or delivery.position > other[0].position:
            newest[identity] = delivery, found
    return list(newest.values()), Outcome(0, len(batch) - len(newest) - len(refused), refused)
