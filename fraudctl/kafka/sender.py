"""Records sent, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fraudctl.errors import FraudctlError
from fraudctl.kafka.broker import buildable, failure, log
from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files

REPORT_S = 30.0
"""Within that after a sender has given up on a record, its report has come."""
LARGEST_RECORD = 16 * 1024 * 1024
MOST_HELD = 200_000
"""Records that wait for the broker, before who sends more waits too."""
FIRST_LOOK_S = 0.02
"""What is handed to a client that has not looked for a broker yet waits half a second for its next look."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one sent record: where it lies, or why the broker did not take it (`error`)."""

    token: Any
    partition: int
    offset: int
    append_ms: int
    error: str | None


class Sender:
    """An idempotent producer (acks all, records with a key placed as Java clients place them).

    `on_delivery` is called, from within `send`, `serve` and `flush`, once for every record sent. Without it
    only failures are counted, which costs the sender a third of its time less.
    """

    def __init__(
        self,
        kafka: Kafka,
        on_delivery: Callable[[Sent], None] | None = None,
        give_up_s: float = 120.0,
        linger_ms: int = 1,
        most_held: int = MOST_HELD,
    ) -> None:
        self._kafka = kafka
        self._on_delivery = on_delivery
        self._give_up_s = give_up_s
        self._room_at = most_held * 3 // 4
        self.failed = 0
        """Records that the broker did not take within `give_up_s`."""
        self.failed_of: Counter[str] = Counter()
        """Of those that `send_all` was given, by topic."""
        self._settings = {
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",
            "linger.ms": linger_ms,
            "message.max.bytes": LARGEST_RECORD,
            "message.timeout.ms": int(give_up_s * 1000),
            "queue.buffering.max.messages": most_held,
            "delivery.report.only.error": on_delivery is None,
        }
        self._files = Files(kafka)
        self._producer = self._made()

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: Mapping[str, bytes] | None = None,
        partition: int = -1,
        token: Any = None,
    ) -> None:
        """Hand one record over, waiting while the buffer is full. `token` returns in its Sent."""

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(token, error, message)

        report = self._failed if self._on_delivery is None else delivered
        if self._files.have_changed():
            self._renew()
        self._produce(
            topic, value, key, partition, report, headers=list(headers.items()) if headers else None
        )
        self._producer.poll(0)

    def send_all(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Hand over values with their keys in this order, waiting while the buffer is full.

        Costs far less than one by one, for `on_delivery` hears nothing of these: failures are counted.
        """
        if self._files.have_changed():
            self._renew()
        report = partial(self._failed_on, topic)
        for value, key in records:
            self._produce(topic, value, key, -1, report)
        self._producer.poll(0)

    def _produce(self, *record: Any, **more: Any) -> None:
        """What the client's own does, waiting while the buffer is full."""
        while True:
            try:
                self._producer.produce(*record, **more)
                return
            except BufferError:
                self._make_room()
            except KafkaException as error:
                raise failure(self._kafka, error.args[0]) from error

    def serve(self, wait_s: float = 0.0) -> None:
        """Let delivery reports come in, for at most `wait_s` when there are none."""
        self._producer.poll(wait_s)

    def flush(self, wait_s: float | None = None) -> int:
        """Wait until everything is delivered or given up; the number still under way after `wait_s`.

        Nobody may take these for delivered: their reports never come. Without `wait_s` it waits longer than
        `give_up_s`, so that there are some only when the client itself is stuck.
        """
        return int(self._producer.flush(self._give_up_s + REPORT_S if wait_s is None else wait_s))

    def finish(self) -> None:
        """Wait as `flush` does. What the client says nothing of by then is given up and counts as failed."""
        if self.flush():
            self._producer.purge()
            self._producer.flush(REPORT_S)

    def _make_room(self) -> None:
        """Wait until a quarter of the buffer is free: room for one record would be asked for at each."""
        self._producer.poll(0.1)
        while len(self._producer) > self._room_at:
            self._producer.poll(0.1)

    def _made(self) -> Producer:
        with buildable(self._kafka):
            made = librdkafka.producer(self._kafka, self._settings, log)
        made.poll(FIRST_LOOK_S)
        return made

    def _renew(self) -> None:
        """The files of the connection have changed: go on with a producer that has been told of them.

        What the one before still has it delivers over the connection that it has.
        """
        try:
            made = self._made()
        except FraudctlError:
            return  # half of them has changed: the next look sees the rest
        self._producer.flush(self._give_up_s + REPORT_S)
        self._producer = made
        self._files.renewed()

    def _failed(self, error: KafkaError | None, _: Message) -> None:
        self.failed += error is not None

    def _failed_on(self, topic: str, error: KafkaError | None, message: Message) -> None:
        self._failed(error, message)
        self.failed_of[topic] += error is not None

    def _delivered(self, token: Any, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed += 1
        if self._on_delivery is None:
            return
        partition, offset = message.partition(), message.offset()
        reason = None if error is None else f"{error.name()}: {error.str()}"
        self._on_delivery(
            Sent(
                token,
                -1 if partition is None else partition,
                -1 if offset is None else offset,
                message.timestamp()[1],
                reason,
            )
        )
