"""The dead-letter topic beside the decisions topic: what a store refuses for good, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from confluent_kafka import KafkaException, Producer

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files
from pipeline.connections.tls import BadFile
from pipeline.records.decision_record import Delivery

log = logging.getLogger("projector")

_GIVE_UP_S = 10.0


class NotAcknowledged(Exception):
    """Not now: the dead-letter topic has not taken what belongs there."""


class Letter(Protocol):
    """A decision for the dead-letter topic, and why it is one."""

    @property
    def delivery(self) -> Delivery: ...
    @property
    def reason(self) -> str: ...


class DeadLetters:
    """The dead-letter topic of one writer, which is known to the broker by the name of its group."""

    def __init__(self, kafka: Kafka, topic: str, client: str, decisions_topic: str) -> None:
        self._kafka, self._topic, self._decisions_topic = kafka, topic, decisions_topic
        self._settings = {
            "client.id": client,
            "enable.idempotence": True,
            "message.max.bytes": 20_000_000,
            "linger.ms": 5,
            "message.timeout.ms": int(_GIVE_UP_S * 1000),
            "log_level": 4,
        }
        self._files = Files(kafka)
        self._producer = self._made()

    def append(self, refused: Sequence[Letter]) -> None:
        """Returns when the broker has them all. Raises NotAcknowledged."""
        failed: list[str] = []

        def acknowledged(error: object, _: object) -> None:
            if error is not None:
                failed.append(str(error))

        self.renew()
        try:
            for one in refused:
                self._producer.produce(
                    self._topic,
                    value=one.delivery.as_it_lies,
                    key=one.delivery.key,
                    headers=self._why(one),
                    on_delivery=acknowledged,
                )
                self._producer.poll(0)
            unsent = self._producer.flush(_GIVE_UP_S + 1)
        except (KafkaException, BufferError) as error:
            raise NotAcknowledged(f"dead-letter topic: {error}") from error
        if failed or unsent:
            raise NotAcknowledged(f"dead-letter topic: {failed[0] if failed else 'no answer'}")

    def close(self) -> None:
        """It is of no use afterwards. What is not acknowledged by now was told to be so, and is not sent."""
        self._producer.purge()
        self._producer.close()

    def _made(self) -> Producer:
        return librdkafka.producer(self._kafka, self._settings)

    def renew(self) -> None:
        """With other files another producer; nothing is under way between two calls of `append`.

        Called also where there is nothing to append: the broker would be shown what it no longer knows.
        """
        if not self._files.have_changed():
            return
        try:
            self._producer = self._made()
            self._files.renewed()
        except (BadFile, KafkaException) as error:
            log.warning("the connection's files have changed, but cannot be used yet: %s", error)

    def _why(self, one: Letter) -> list[tuple[str, str | bytes | None]]:
        delivery = one.delivery
        return [
            ("topic", self._decisions_topic),
            ("partition", str(delivery.partition)),
            ("offset", str(delivery.offset)),
            ("reason", one.reason),
            ("run", str(delivery.run)),
        ]
