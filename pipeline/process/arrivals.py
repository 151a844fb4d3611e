"""Waiting for a record in a topic at rest: the broker answers when one comes, so nobody asks for its ends."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import TopicPartition

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Settings
from pipeline.records.names import TAIL_GROUP

_SETTINGS: Settings = {
    "group.id": TAIL_GROUP,
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "fetch.wait.max.ms": 500,
    # What comes is not read: that it came is all.
    "fetch.message.max.bytes": 1_024,
    "queued.min.messages": 1,
}


class Arrivals:
    """One topic. Reads nothing but while `wait` has been told to wait, and belongs to no consumer group."""

    def __init__(self, kafka: Kafka, topic: str, client: Settings) -> None:
        """Raises what `librdkafka.consumer` does."""
        self._topic = topic
        self._consumer = librdkafka.consumer(kafka, {**client, **_SETTINGS})
        self._listens = False

    def wait(self, ends: Mapping[int, int], seconds: float) -> bool:
        """Wait until a record lies behind these ends, at most so long. False: the broker tells nothing."""
        if not self._listens:
            self._consumer.assign([TopicPartition(self._topic, p, offset) for p, offset in ends.items()])
            self._listens = True
        message = self._consumer.poll(seconds)
        if message is None:
            return True
        self._consumer.unassign()
        self._listens = False
        return message.error() is None

    def close(self) -> None:
        """It is of no use afterwards."""
        librdkafka.retire(self._consumer)
