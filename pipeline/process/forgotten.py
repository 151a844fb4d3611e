"""Who is forgotten, as a writer knows it: the topic of erasures, read to its end before each batch.

Asking where the topic ends is one question to the broker for a batch. So what is written after an erasure was
acknowledged is written by somebody who knows of it, and nobody need wait for all writers to have heard.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.ends import ends
from pipeline.connections.kafka.librdkafka import Files
from pipeline.connections.tls import BadFile
from pipeline.records.decision_record import Delivery
from pipeline.records.forgotten import Forgotten, Malformed
from pipeline.records.names import TAIL_GROUP

log = logging.getLogger("projector")

_ASK_S = 5.0
_READ_S = 10.0
_SETTINGS = {
    "group.id": TAIL_GROUP,
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "log_level": 4,
}


class Unknown(Exception):
    """Not now: nobody says who is forgotten, so nothing may be written."""


class Erasures:
    """The topic of erasures, of one partition. Connects when it is first asked. Not for two threads."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._files = Files(kafka)
        self._consumer: Consumer | None = None
        self._forgotten = Forgotten(topic)
        self._next = 0

    def remembered(self, batch: Sequence[Delivery], decisions_topic: str) -> list[Delivery]:
        """The decisions that are of nobody who is forgotten by now. Raises Unknown."""
        try:
            self._follow()
        except (KafkaException, BadFile) as error:
            raise Unknown(f"topic of erasures: {error}") from error
        return self._forgotten.remembered(batch, decisions_topic)

    def close(self) -> None:
        """Let go of the connection; the next question connects again."""
        if self._consumer is not None:
            librdkafka.retire(self._consumer)
            self._consumer = None

    def _follow(self) -> None:
        consumer = self._connected()
        end = ends(consumer, self._topic, [0], _ASK_S)[0]
        if self._next >= end:
            return
        # Only while there is something to read: who is assigned a partition asks for records all the time.
        consumer.assign([TopicPartition(self._topic, 0, self._next)])
        until = time.monotonic() + _READ_S
        while self._next < end:
            if time.monotonic() > until:
                raise Unknown(f"topic of erasures: stalled at {self._next} of {end}")
            self._take(consumer)
        consumer.unassign()

    def _take(self, consumer: Consumer) -> None:
        """What has come; a place that compaction has emptied is passed at the end of the partition."""
        for message in consumer.consume(1_000, 0.2):
            error = message.error()
            if error is None:
                self._note(message.key(), message.value())
            elif error.code() != KafkaError._PARTITION_EOF:
                continue
            at = message.offset()
            self._next = max(self._next, at + (error is None)) if at is not None else self._next

    def _note(self, key: str | bytes | None, value: str | bytes | None) -> None:
        name = key.encode() if isinstance(key, str) else key
        said = value.encode() if isinstance(value, str) else value
        try:
            self._forgotten.take(name, said)
        except Malformed as error:
            log.warning("passed over: %s", error)

    def _connected(self) -> Consumer:
        """A consumer; another one where files have changed."""
        if self._files.have_changed():
            self.close()
            self._files.renewed()
        if self._consumer is None:
            self._consumer = librdkafka.consumer(self._kafka, {**_SETTINGS, "enable.partition.eof": True})
        return self._consumer
