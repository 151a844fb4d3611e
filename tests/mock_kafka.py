"""A Kafka cluster of one broker inside this process: the one that librdkafka is itself tested with.

It speaks Kafka's protocol on 127.0.0.1 (groups, offsets, produce, fetch), makes topics of four partitions
when they are asked for, and is gone when it is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from confluent_kafka import Producer

QUIET = {"log_level": 0}


class MockKafka:
    """Use as a context manager."""

    def __init__(self) -> None:
        own = {"test.mock.num.brokers": 1, "bootstrap.servers": "mock:1", **QUIET}
        self._cluster: Producer | None = Producer(own)
        (broker,) = self._cluster.list_topics(timeout=10).brokers.values()
        self.address = f"{broker.host}:{broker.port}"

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


def until(met: Callable[[], bool], wait_s: float = 30.0) -> None:
    """Wait for a condition; AssertionError when it is not met in time."""
    deadline = time.monotonic() + wait_s
    while not met():
        assert time.monotonic() < deadline, "not met in time"
        time.sleep(0.02)
