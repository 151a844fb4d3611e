"""A Kafka cluster of one broker inside this process: the one that librdkafka is itself tested with.

It speaks Kafka's protocol on 127.0.0.1 (groups, offsets, produce, fetch), makes topics of four partitions
when they are asked for, answers with errors where it is told to, and is gone when it is closed.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from pathlib import Path
from types import TracebackType

import confluent_kafka
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import RETIRED
from tests.waiting import await_that

QUIET = {"log_level": 0}
_PRODUCER = 0
_SAID_BYTES = 512
_BROKER = 1
_NEVER_MS = 3_600_000


class MockKafka:
    """With these empty topics; use as a context manager. It makes others when they are first written to."""

    def __init__(self, *topics: str) -> None:
        library, said = _library(), ctypes.create_string_buffer(_SAID_BYTES)
        told = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set(told, b"test.mock.num.brokers", b"1", said, _SAID_BYTES)
        library.rd_kafka_conf_set(told, b"log_level", b"0", said, _SAID_BYTES)
        self._handle = library.rd_kafka_new(_PRODUCER, told, said, _SAID_BYTES)
        assert self._handle, said.value
        self._cluster = library.rd_kafka_handle_mock_cluster(self._handle)
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.address = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self.kafka = Kafka(bootstrap=self.address)
        client = Producer({"bootstrap.servers": self.address, **QUIET})
        for topic in topics:
            client.list_topics(topic, timeout=10)

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

    def commit(self, group: str, topic: str, partition: int, offset: int) -> None:
        """As a member of the group."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": group, **QUIET})
        consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
        consumer.close()

    def err(self, request: int, *codes: int) -> None:
        """Answer the next requests of that kind, by its number in Kafka's protocol, with these errors."""
        errors = (ctypes.c_int * len(codes))(*codes)
        _library().rd_kafka_mock_push_request_errors_array(self._cluster, request, len(codes), errors)

    def elect(self, topic: str, partition: int) -> None:
        """Have the partition's leader chosen again: the same, in an epoch of its own."""
        _library().rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), partition, _BROKER)

    def fall_silent(self) -> None:
        """Take every connection and every request, and answer none, as a frozen broker does."""
        _library().rd_kafka_mock_broker_set_rtt(self._cluster, _BROKER, _NEVER_MS)

    def go_down(self) -> None:
        """Serve nobody, until it is closed."""
        _library().rd_kafka_mock_broker_set_down(self._cluster, _BROKER)

    def close(self) -> None:
        """It answers once more before it is gone, and waits for whoever leaves a group.

        A client that has not been answered asks again, twenty times a second, as long as its process lives.
        """
        if self._handle:
            library = _library()
            library.rd_kafka_mock_broker_set_down(self._cluster, _BROKER)  # no delayed answer is kept
            library.rd_kafka_mock_broker_set_rtt(self._cluster, _BROKER, 0)
            library.rd_kafka_mock_broker_set_up(self._cluster, _BROKER)
            await_that(lambda: not _leaving(), "an end of those who leave their group")
            _library().rd_kafka_destroy(self._handle)
            self._handle = None


def _leaving() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == RETIRED]


@cache
def _library() -> ctypes.CDLL:
    """The one that the clients use; what it is tested with it does not offer in Python."""
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    [path] = folder.glob("librdkafka-*")
    library = ctypes.CDLL(str(path))
    address, size, word = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    library.rd_kafka_conf_new.restype = address
    library.rd_kafka_conf_set.argtypes = [address, word, word, word, size]
    library.rd_kafka_new.restype = address
    library.rd_kafka_new.argtypes = [ctypes.c_int, address, word, size]
    library.rd_kafka_handle_mock_cluster.restype = address
    library.rd_kafka_handle_mock_cluster.argtypes = [address]
    library.rd_kafka_mock_cluster_bootstraps.restype = word
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [address]
    library.rd_kafka_mock_push_request_errors_array.argtypes = [address, ctypes.c_int16, size, address]
    library.rd_kafka_mock_group_initial_rebalance_delay_ms.argtypes = [address, ctypes.c_int32]
    library.rd_kafka_mock_broker_set_rtt.argtypes = [address, ctypes.c_int32, ctypes.c_int]
    library.rd_kafka_mock_broker_set_down.argtypes = [address, ctypes.c_int32]
    library.rd_kafka_mock_broker_set_up.argtypes = [address, ctypes.c_int32]
    library.rd_kafka_mock_partition_set_leader.argtypes = [address, word, ctypes.c_int32, ctypes.c_int32]
    library.rd_kafka_destroy.argtypes = [address]
    return library
