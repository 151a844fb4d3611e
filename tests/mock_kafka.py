"""A Kafka cluster of one broker inside this process: the one that librdkafka is itself tested with.

It speaks Kafka's protocol on 127.0.0.1 (groups, offsets, produce, fetch), makes topics of four partitions
when they are asked for, and is gone when it is closed.
"""

from __future__ import annotations

from types import TracebackType

from confluent_kafka import Producer

from pipeline.connections.kafka.description import Kafka

QUIET = {"log_level": 0}


class MockKafka:
    """With these empty topics; use as a context manager. It makes others when they are first written to."""

    def __init__(self, *topics: str) -> None:
        own = {"test.mock.num.brokers": 1, "bootstrap.servers": "mock:1", **QUIET}
        self._cluster: Producer | None = Producer(own)
        (broker,) = self._cluster.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"
        self.kafka = Kafka(bootstrap=self.address)
        for topic in topics:
            self._cluster.list_topics(topic, timeout=10)

    def __enter__(self) -> MockKafka:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, topic: str, *values: bytes, partition: int = 0) -> None:
        """Returns when the broker has them."""
        producer = Producer({"bootstrap.servers": self.address, **QUIET})
        for value in values:
            producer.produce(topic, value=value, partition=partition)
        assert producer.flush(10) == 0

    def close(self) -> None:
        self._cluster = None
