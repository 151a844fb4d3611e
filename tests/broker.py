"""A Kafka broker inside the test's own process: the one that librdkafka brings for its own tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

_log = logging.getLogger(__name__)


@contextmanager
def broker(*topics: str) -> Iterator[str]:
    """Its address, with these empty topics; it makes others when they are first written to."""
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"}, logger=_log)
    [one] = owner.list_topics(timeout=10).brokers.values()
    for topic in topics:
        owner.list_topics(topic, timeout=10)
    yield f"{one.host}:{one.port}"
    del owner
