"""A second look at suspects: the decision itself from the log beside what the store holds now.

Suspects wait in spill files by their place in the log, so that one pass in order over the parts of
the log they lie in serves them all, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from fraudctl.verify import spill
from fraudctl.verify.classes import Difference, Found, Kind, Wanted, classify
from fraudctl.verify.log import Log
from fraudctl.verify.scan import digest, expected_of
from pipeline.records import clock
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.records.position import offset_of
from pipeline.sinks import Entry, Outcome, ReadBack

_STRETCH = 50_000  # offsets of one partition in one bucket
_GAP = 5_000  # reading over so many records is quicker than a new consumer
_BATCH = 4_000  # some stores read a whole file for any of its rows
_BATCH_BYTES = 16 << 20
_NOWHERE = "none"


class Suspect(NamedTuple):
    """A difference in its spilled form; `sink` is a place in the plan."""

    sink: int
    kind: str
    user_id: str
    event_id: str
    partition: int
    log_position: int | None
    held_position: int | None

    @property
    def identity(self) -> Identity:
        return self.user_id, self.event_id

    @property
    def offset(self) -> int:
        return offset_of(self.log_position or 0)

    @property
    def bucket(self) -> str:
        if self.log_position is None:
            return _NOWHERE
        return f"{self.partition:06d}-{self.offset // _STRETCH:09d}"

    def as_difference(self, name: str) -> Difference:
        """The difference again, without the names of fields."""
        partition = None if self.log_position is None else self.partition
        return Difference(
            name, Kind(self.kind), self.identity, partition, self.log_position, self.held_position
        )


Case = tuple[Suspect, Delivery | None]
"""A suspect with the newest decision of its event, None when the log has none."""


def suspect(sink: int, difference: Difference) -> Suspect:
    return Suspect(
        sink,
        difference.kind.value,
        *difference.identity,
        -1 if difference.partition is None else difference.partition,
        difference.log_position,
        difference.held_position,
    )


def cases(folder: Path, log: Log) -> Iterator[tuple[int, list[Case]]]:
    """All suspects with their decisions, in batches of one sink."""
    for bucket in spill.buckets(folder):
        waiting = sorted(map(Suspect._make, spill.rows(folder, bucket)), key=_place)
        batches: dict[int, list[Case]] = {}
        held = 0
        for case in _with_decisions(waiting, log):
            batch = batches.setdefault(case[0].sink, [])
            batch.append(case)
            held += len(case[1].value) if case[1] else 0
            if len(batch) == _BATCH or held > _BATCH_BYTES:
                yield from batches.items()
                batches, held = {}, 0
        yield from batches.items()


def look_again(name: str, sink: ReadBack, batch: Sequence[Case]) -> list[Difference]:
    """What of it is still a difference, fields named. Raises Unavailable."""
    held = sink.look_up([one.identity for one, _ in batch])
    now_ms = clock.now_ms()
    found = (_judge(name, sink, one, delivery, held.get(one.identity), now_ms) for one, delivery in batch)
    return [difference for difference in found if difference is not None]


def _judge(
    name: str, sink: ReadBack, one: Suspect, delivery: Delivery | None, held: Entry | None, now_ms: int
) -> Difference | None:
    before = one.as_difference(name)
    if delivery is None:
        return before if held is not None and held.position == one.held_position else None
    if held is not None and held.position > delivery.position and held.position != one.held_position:
        return None  # a newer decision has arrived since
    wanted = expected_of(sink, delivery, take_apart(delivery.value))
    newest = Wanted(
        delivery.position, None if wanted is None else digest(wanted), wanted.expires_ms if wanted else None
    )
    found = None if held is None else Found(held.position, digest(held))
    kind = classify(found, newest, newest, False, now_ms)
    if kind is None:
        return None
    position = None if held is None else held.position
    fields = _unequal(sink.fields, held, wanted) if held and wanted and kind is Kind.DIVERGED else ()
    return Difference(name, kind, one.identity, one.partition, one.log_position, position, fields)


def _unequal(
    names: Sequence[str], held: Entry, wanted: Entry
) -> tuple[tuple[str, str | None, str | None], ...]:
    pairs = zip(names, held.fields, wanted.fields, strict=True)
    unequal = [(name, ours, theirs) for name, ours, theirs in pairs if ours != theirs]
    if held.position != wanted.position:
        unequal.insert(0, ("position", str(held.position), str(wanted.position)))
    return tuple(unequal)


def _place(one: Suspect) -> tuple[int, int, int]:
    return one.partition, one.offset, one.sink


def _with_decisions(waiting: Sequence[Suspect], log: Log) -> Iterator[Case]:
    """Each suspect with its decision, read in stretches without large gaps."""
    if waiting and waiting[0].log_position is None:
        yield from ((one, None) for one in waiting)
        return
    for stretch in _stretches(waiting):
        partition, start, end = stretch[0].partition, stretch[0].offset, stretch[-1].offset + 1
        at_place = {offset: list(same) for offset, same in groupby(stretch, lambda one: one.offset)}
        for delivery in log.read({partition: start}, {partition: end}):
            for one in at_place.get(delivery.offset, ()):
                yield one, delivery


def _stretches(waiting: Sequence[Suspect]) -> Iterator[list[Suspect]]:
    stretch: list[Suspect] = []
    for one in waiting:
        if stretch and one.offset - stretch[-1].offset > _GAP:
            yield stretch
            stretch = []
        stretch.append(one)
    if stretch:
        yield stretch


def mend(sink: ReadBack, batch: Sequence[Case]) -> tuple[Outcome, int]:
    """Make the store hold what the log says; returns what was written, and how many rows were dropped
    for which there is nothing to write. Raises Unavailable.

    What is held goes first, or a row at the right position would count as written already. It goes
    only as far as it was seen, so that a newer decision that arrives meanwhile stays.
    """
    sink.forget([(one.identity, max(one.log_position or 0, one.held_position or 0)) for one, _ in batch])
    deliveries = [delivery for _, delivery in batch if delivery is not None]
    outcome = sink.write(deliveries) if deliveries else Outcome()
    return outcome, len(batch) - len(deliveries)
