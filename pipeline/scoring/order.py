"""When an event is due: the one order of processing, made from the log alone.

Knows partitions, append times and control records; knows nothing of what the events mean.

Per partition there is a newest position, none at first. For an event, pos = min(event time, append time) on
live topics and = event time for past data; due = pos at first, then max(pos, newest - out_of_orderness);
the event is late iff due > pos; then newest = max(newest, pos). A tick moves newest to its append time, or
to what its header `limit` says if that is less, less the milliseconds in its header `tick` if it has any, a
close record with the value T to T + out_of_orderness + 1; on live topics neither moves it beyond the append
time, and neither yields an event. A record without a value and with neither header, or with one that is no
number, is refused like one that cannot be decoded, and moves nothing; so is an event whose time is further
from its append time than it may be, on live topics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pipeline.records.ages import ANY_AGE, AgeLimits
from pipeline.records.events import Transaction, decode
from pipeline.records.ids import IDS, IdLimits
from pipeline.records.quantities import Refusal
from pipeline.records.wire import MAX_EVENT_BYTES

Time = Literal["append", "event"]
ARRIVAL_STEP_MS: Final = 1_000
"""What is appended within one of these, counted from 1970, lies at one place on the clock of arrivals."""
_NUMBER: Final = re.compile(rb"-?[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the transactions topic."""

    partition: int
    offset: int
    append_ms: int
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A transaction with its place in the log and in time. `order` is the sort key of all processing."""

    transaction: Transaction
    partition: int
    offset: int
    pos: int
    due: int
    late: bool
    append_ms: int = 0
    delay_ms: int | None = None
    """append time less event time; None where append times say nothing of the event"""

    @property
    def arrival_ms(self) -> int:
        """Where it lies on the clock of arrivals: the second of its append, or pos where that says nothing.

        Late events that are due together are processed by their own times, so by whatever their sender says:
        were they told apart by arrival, each of a burst could be made to see none of the others.
        """
        return self.pos if self.delay_ms is None else self.append_ms - self.append_ms % ARRIVAL_STEP_MS

    @property
    def order(self) -> tuple[int, int, int, int, int]:
        """(due, pos, append time, partition, offset): no text has a say in it."""
        return self.due, self.pos, self.append_ms, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is not a transaction, and why."""

    record: Record
    refusal: Refusal


@dataclass(slots=True)
class PartitionClock:
    """The newest position of one partition, and what it makes of the next record."""

    out_of_orderness_ms: int
    newest: int | None = None

    def due(self, pos: int) -> int:
        """The moment from which an event at `pos` counts; moves the clock on."""
        due = pos if self.newest is None else max(pos, self.newest - self.out_of_orderness_ms)
        self.advance(pos)
        return due

    def advance(self, pos: int) -> None:
        """Take note of a position seen."""
        self.newest = pos if self.newest is None else max(self.newest, pos)


class Stamping(list[Stamped]):
    """The stamped events in the order of the records, with the refused records beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[Refused] = []


def stamp(
    records: Iterable[Record],
    out_of_orderness_ms: int = 50,
    time: Time = "append",
    max_event_bytes: int = MAX_EVENT_BYTES,
    ids: IdLimits = IDS,
    ages: AgeLimits = ANY_AGE,
) -> Stamping:
    """Stamp the records of a topic, those of one partition in offset order. Sort by `order` to process."""
    clocks: dict[int, PartitionClock] = {}
    stamping = Stamping()
    for record in records:
        clock = clocks.setdefault(record.partition, PartitionClock(out_of_orderness_ms))
        control = control_pos(record, out_of_orderness_ms, time)
        if control is not None:
            clock.advance(control)
            continue
        try:
            transaction = decode(record.value, max_event_bytes, ids)
            if time == "append":
                ages.check(transaction.event_time_ms, record.append_ms)
        except Refusal as refusal:
            stamping.refused.append(Refused(record, refusal))
            continue
        stamping.append(_stamped(transaction, record, clock, time))
    return stamping


def control_pos(record: Record, out_of_orderness_ms: int = 50, time: Time = "append") -> int | None:
    """Where a control record takes its partition; None for any other record."""
    if record.value is not None:
        return None
    if "tick" in record.headers:
        behind_ms = _whole(record.headers["tick"] or b"0")
        limit_ms = _whole(record.headers.get("limit", b"%d" % record.append_ms) or b"0")
        if behind_ms is None or limit_ms is None:
            return None
        reached = min(record.append_ms, limit_ms) - behind_ms
    else:
        newest_ms = _whole(record.headers.get("close", b""))
        if newest_ms is None:
            return None
        reached = newest_ms + out_of_orderness_ms + 1
    return min(reached, record.append_ms) if time == "append" else reached


def _whole(header: bytes) -> int | None:
    """The number of a header; None where it is none, or none that the kernel would count with."""
    return int(header) if _NUMBER.fullmatch(header) else None


def _stamped(transaction: Transaction, record: Record, clock: PartitionClock, time: Time) -> Stamped:
    event_ms = transaction.event_time_ms
    pos = event_ms if time == "event" else min(event_ms, record.append_ms)
    due = clock.due(pos)
    delay_ms = None if time == "event" else record.append_ms - event_ms
    place = record.partition, record.offset
    return Stamped(transaction, *place, pos, due, due > pos, record.append_ms, delay_ms)
