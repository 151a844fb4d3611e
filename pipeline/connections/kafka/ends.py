"""Where partitions end, asked in one request for all of them. What a client offers for it takes two for each
partition, or makes a future for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

_LATEST: Final = -1
"""the moment of which Kafka says the offset behind the last record"""


def ends(consumer: Consumer, topic: str, partitions: Iterable[int], wait_s: float) -> dict[int, int]:
    """The end of each. Raises KafkaException, also where one of them is not answered."""
    wanted = [TopicPartition(topic, partition, _LATEST) for partition in partitions]
    found = consumer.offsets_for_times(wanted, timeout=wait_s)
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return {at.partition: int(at.offset) for at in found}
