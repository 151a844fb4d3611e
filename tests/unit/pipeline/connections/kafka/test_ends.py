"""Where partitions end, as a broker says it."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.ends import ends
from tests.mock_kafka import QUIET, MockKafka

_LIST_OFFSETS = 2


def test_the_ends_are_those_of_the_moment_and_of_every_partition_that_is_asked_for(kafka: MockKafka) -> None:
    kafka.append("t", b"one", b"two", partition=1)
    consumer = librdkafka.consumer(kafka.kafka, {"group.id": "g", **QUIET})
    assert ends(consumer, "t", range(4), 10) == {0: 0, 1: 2, 2: 0, 3: 0}
    kafka.append("t", b"three", partition=3)
    assert ends(consumer, "t", [1, 3], 10) == {1: 2, 3: 1}
    consumer.close()


def test_a_partition_that_is_not_there_and_one_that_nobody_answers_for_have_no_end(kafka: MockKafka) -> None:
    kafka.append("t", b"one")
    consumer = librdkafka.consumer(kafka.kafka, {"group.id": "g", **QUIET})
    with pytest.raises(KafkaException):
        ends(consumer, "t", [0, 9], 10)
    kafka.err(_LIST_OFFSETS, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        ends(consumer, "t", [0], 10)
    consumer.close()
