"""Records as they lie in a topic: up to its end, or as they come. Order holds within a partition only.

Where the log no longer holds what comes next, reading fails (`log_gap`): nothing is passed over in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from fraudctl.errors import Failed, FraudctlError
from fraudctl.kafka.admin import begin_offsets, end_offsets
from fraudctl.kafka.broker import UNREACHABLE, buildable, failure, log, translated, unreachable
from pipeline.connections.kafka import gap, librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files
from pipeline.records.decision_forms import json_of
from pipeline.records.decision_record import RUN
from pipeline.records.framed import is_framed
from pipeline.records.names import TAIL_GROUP

_T = TypeVar("_T")

READ_AHEAD_KB = 16_384
"""What a tail keeps of records not yet asked for; the client's own default is four times that."""
GATHERED_BYTES = 256 * 1024
"""A reader that gathers is answered sooner when that much has come together."""
_LOOK_S = 0.05
"""The client hands over when so many records are there or this time is over: each end is waited for once."""
_MEND_OF_GAP = (
    "what is gone cannot be read again: begin with what the log holds, as from earliest; "
    "how long a topic keeps records is its retention.ms"
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record read from a topic. `append_ms` is the broker's append time."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    framed: bytes = b""
    """the whole as it lies in the topic where that is a decision in the frame of a registry, else empty"""

    @property
    def as_it_lies(self) -> bytes | None:
        """What the topic holds."""
        return self.framed or self.value


class Tail:
    """A reader that is placed at its offsets from the start, so that nothing sent after that is missed.

    `start` is a mapping of offsets, "earliest" or "latest" (the end offsets at this moment). With `gather_ms`
    the broker gathers records that long before it answers, which costs everyone far less at high rates.
    Belongs to no consumer group and commits nothing. Use as a context manager.
    """

    def __init__(
        self,
        kafka: Kafka,
        topic: str,
        start: Mapping[int, int] | str = "latest",
        gather_ms: int | None = None,
        read_ahead_kb: int = READ_AHEAD_KB,
    ) -> None:
        self._kafka = kafka
        self.topic = topic
        if isinstance(start, str):
            start = begin_offsets(kafka, topic) if start == "earliest" else end_offsets(kafka, topic)
        self.positions: dict[int, int] = dict(start)
        """Offset of the next record to be read, per partition."""
        self._settings = {
            "group.id": TAIL_GROUP,
            "enable.auto.commit": False,
            "enable.partition.eof": gather_ms is None,
            **gap.RESET,
            "fetch.wait.max.ms": 50 if gather_ms is None else gather_ms,
            "fetch.min.bytes": 1 if gather_ms is None else GATHERED_BYTES,
            "queued.max.messages.kbytes": read_ahead_kb,
            "fetch.queue.backoff.ms": 5,  # the client's own second would be most of the time of a long read
        }
        self._files = Files(kafka)
        self._consumer = self._made([TopicPartition(topic, p, o) for p, o in self.positions.items()])

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the broker; the tail is of no use afterwards."""
        librdkafka.retire(self._consumer)

    def read(self, wait_s: float = 0.2, most: int = 5_000) -> list[Record]:
        """Records that arrive within `wait_s`, at most `most`; an empty list when there are none.

        A broker that is away is not an error here: the client reconnects, and the caller bounds its patience.
        Failed where the log no longer holds what comes next, as with `values` and `timed`.
        """
        records = []
        messages = self._consumed(wait_s, most)
        for message in messages:
            error = message.error()
            if error is None:
                record = _record(message)
                self.positions[record.partition] = record.offset + 1
                records.append(record)
            else:
                self._told(message, error)
        return records

    def bare(self, wait_s: float = 0.2, most: int = 5_000) -> list[bytes]:
        """The values alone of what `read` would give, decisions as their JSON; `positions` follow."""
        found = []
        for message in self._consumed(wait_s, most):
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None:
                self._told(message, error)
            elif partition is not None and offset is not None:
                self.positions[partition] = offset + 1
                found.append(json_of(message.value() or b""))
        return found

    def values(self, wait_s: float, most: int = 5_000) -> list[bytes]:
        """The values alone of decisions that come within `wait_s`: so cheap that it disturbs no measurement.

        `positions` do not follow, so a tail is read either this way or with `read`; so is one that gathers.
        """
        messages = self._consumed(wait_s, most)
        return [json_of(message.value() or b"") for message in messages if message.error() is None]

    def timed(self, wait_s: float, most: int = 5_000) -> list[tuple[int, int, bytes]]:
        """Partition, append time and value of decisions that come within `wait_s`; `positions` do not follow.

        For who counts every record of a topic, which shall cost little.
        """
        messages = self._consumed(wait_s, most)
        return [
            (message.partition() or 0, message.timestamp()[1], json_of(message.value() or b""))
            for message in messages
            if message.error() is None
        ]

    def _consumed(self, wait_s: float, most: int) -> list[Message]:
        if self._files.have_changed():
            self._renew()
        with translated(self._kafka):
            came = list(self._consumer.consume(most, wait_s))
        for message in came:
            if message.error() is not None and (gone := gap.found(message, self.topic, self._held)):
                raise Failed(str(gone), hint=_MEND_OF_GAP, code="log_gap")
        return came

    def _held(self, partition: int) -> gap.Held | None:
        return self._consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=5) or None

    def _made(self, places: list[TopicPartition]) -> Consumer:
        with buildable(self._kafka), translated(self._kafka):
            made = librdkafka.consumer(self._kafka, self._settings, log)
            made.assign(places)
        return made

    def _renew(self) -> None:
        """The files of the connection have changed: go on where we are with a consumer made of these."""
        known = self._consumer.position([TopicPartition(self.topic, p) for p in self.positions])
        for one in known:
            one.offset = self.positions[one.partition] if one.offset < 0 else one.offset
        try:
            made = self._made(known)
        except FraudctlError:
            return  # half of them has changed: the next look sees the rest
        librdkafka.retire(self._consumer)
        self._consumer = made
        self._files.renewed()

    def stalled(self) -> FraudctlError:
        """What is wrong where nothing comes although there is something to come."""
        return unreachable(self._kafka, f"reading {self.topic} stalled at {self.positions}")

    def _told(self, message: Message, error: KafkaError) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._at_end(message)
        elif not (error.retriable() or error.code() in UNREACHABLE):
            raise failure(self._kafka, error)

    def _at_end(self, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None and offset > self.positions.get(partition, 0):
            self.positions[partition] = offset


def records(
    kafka: Kafka,
    topic: str,
    start: Mapping[int, int] | str = "earliest",
    follow: bool = False,
    patience_s: float = 30.0,
    ends: Mapping[int, int] | None = None,
) -> Iterator[Record]:
    """Records from `start` up to `ends` (the end offsets of this moment), or for ever with `follow`.

    Order holds within a partition only. Unhealthy when nothing arrives for `patience_s` before the end.
    """
    limits = None if follow else end_offsets(kafka, topic) if ends is None else ends
    with Tail(kafka, topic, start) as reader:
        for found in _lists(reader, reader.read, limits, patience_s):
            yield from (r for r in found if limits is None or r.offset < limits.get(r.partition, 0))


def values(
    kafka: Kafka, topic: str, start: Mapping[int, int], patience_s: float = 30.0
) -> Iterator[list[bytes]]:
    """The values from `start` up to the end of this moment, in lists; a few of later ones may be among them.

    For who counts all of a large topic: a third of what `records` costs. Unhealthy as that.
    """
    ends = end_offsets(kafka, topic)
    with Tail(kafka, topic, start) as reader:
        yield from _lists(reader, reader.bare, ends, patience_s)


def _lists(
    reader: Tail, read: Callable[[float], list[_T]], ends: Mapping[int, int] | None, patience_s: float
) -> Iterator[list[_T]]:
    """What is read until the reader is at the ends, or for ever where there are none."""
    heard = time.monotonic()
    while ends is None or any(reader.positions.get(p, end) < end for p, end in ends.items()):
        if found := read(_LOOK_S):
            yield found
            heard = time.monotonic()
        elif ends is not None and time.monotonic() - heard > patience_s:
            raise reader.stalled()


def _record(message: Message) -> Record:
    pairs = message.headers()
    headers = {key: b"" if value is None else value for key, value in pairs} if pairs else {}
    value, framed = message.value(), b""
    if value is not None and RUN in headers and is_framed(value):
        value, framed = json_of(value), value
    return Record(
        message.topic() or "",
        -1 if (p := message.partition()) is None else p,
        -1 if (o := message.offset()) is None else o,
        message.timestamp()[1],
        message.key(),
        value,
        headers,
        framed,
    )
