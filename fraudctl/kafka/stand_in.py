"""A broker within this process: the one that Kafka's client in C is itself tested with.

For benchmarks that need no stack. It answers at once, keeps little, and is gone with its block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka

THREAD: Final = "rdk:mock"
"""The name of the thread that is the broker."""
_ANSWER_S: Final = 10.0
_NOWHERE: Final = Kafka(bootstrap="127.0.0.1:1")
"""is not asked: the broker takes its place"""


@contextmanager
def broker() -> Iterator[Kafka]:
    """How to reach it, which makes topics when they are written to."""
    holder = librdkafka.producer(_NOWHERE, {"test.mock.num.brokers": 1, "log_level": 0})
    [one] = holder.list_topics(timeout=_ANSWER_S).brokers.values()
    yield Kafka(bootstrap=f"{one.host}:{one.port}")
    holder.flush(0)  # it lives until here
