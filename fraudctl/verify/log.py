"""The decisions log as verification reads it: ranges of offsets, what each sink has committed and refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fraudctl.errors import Failed
from fraudctl.kafka import admin, forgotten, tail
from fraudctl.kafka.tail import Record
from pipeline.connections.kafka.description import Kafka
from pipeline.records.decision_record import Delivery
from pipeline.records.forgotten import Forgotten

Offsets = Mapping[int, int]
"""Partition to offset."""


class Log(Protocol):
    """The source of truth. `KafkaLog` is the real one; it must pickle."""

    def begins(self) -> Offsets:
        """The oldest offset still held, per partition."""

    def ends(self) -> Offsets:
        """The offset of the next record, per partition."""

    def at(self, time_ms: int) -> Offsets:
        """The first offset appended at or after that time, per partition."""

    def committed(self, group: str) -> Offsets:
        """What a sink has behind it, per partition; a partition without a commit is left out."""

    def read(self, starts: Offsets, ends: Offsets) -> Iterator[Delivery]:
        """The decisions of these partitions, in order within each."""

    def dead_letters(self, topic: str) -> Iterator[Delivery]:
        """What a sink's store has refused, each with its place in the decisions log."""


@dataclass(frozen=True, slots=True)
class KafkaLog:
    """A decisions topic."""

    kafka: Kafka
    topic: str
    forgotten: Forgotten = field(default_factory=Forgotten)
    """whose past is no part of it: a store that holds some has too much"""

    def begins(self) -> Offsets:
        return admin.begin_offsets(self.kafka, self.topic)

    def ends(self) -> Offsets:
        return admin.end_offsets(self.kafka, self.topic)

    def at(self, time_ms: int) -> Offsets:
        return admin.offsets_at(self.kafka, self.topic, time_ms)

    def committed(self, group: str) -> Offsets:
        return admin.committed(self.kafka, group, self.topic)

    def read(self, starts: Offsets, ends: Offsets) -> Iterator[Delivery]:
        left = {p: start for p, start in starts.items() if start < ends[p]}
        for record in tail.records(self.kafka, self.topic, left, ends=ends) if left else ():
            run = _number(record.headers.get("run", b""))
            one = _delivery(record, record.partition, record.offset, run)
            if not self.forgotten.covers_decision(one, self.topic):
                yield one

    def dead_letters(self, topic: str) -> Iterator[Delivery]:
        try:
            for record in forgotten.remembered(tail.records(self.kafka, topic), self.forgotten):
                partition, offset, run = (_number(record.headers.get(n, b"")) for n in _PLACE)
                yield _delivery(record, partition, offset, run)
        except Failed as error:
            if error.code != "no_topic":
                raise


_PLACE = ("partition", "offset", "run")


def _delivery(record: Record, partition: int, offset: int, run: int) -> Delivery:
    return Delivery(record.value or b"", partition, offset, run, record.append_ms, record.key)


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() else 0
