"""A real broker tells at once of a record in a topic at rest, and is asked for nothing else meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from fraudctl.kafka import admin
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from pipeline.process.arrivals import Arrivals
from tests.certificates import Authority
from tests.kafka_cluster import Cluster, running
from tests.waiting import LONG_S


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("kafka")
    with running(Cluster(folder, Authority(folder))) as made:
        yield made


def append(cluster: Cluster, topic: str, partition: int) -> None:
    sender = Sender(cluster.inner)
    sender.send(topic, b"x", partition=partition)
    assert (sender.flush(LONG_S), sender.failed) == (0, 0)


def test_who_waits_is_told_of_a_record_in_any_partition_and_of_silence_when_the_time_is_over(
    cluster: Cluster,
) -> None:
    admin.create(cluster.inner, [TopicSpec("at-rest", 3)])
    arrivals = Arrivals(cluster.inner, "at-rest", {})
    for partition in (2, 0):
        ends = admin.end_offsets(cluster.inner, "at-rest")
        assert arrivals.wait(ends, 0.3)
        assert admin.end_offsets(cluster.inner, "at-rest") == ends
        sending = threading.Timer(0.5, append, (cluster, "at-rest", partition))
        sending.start()
        began = time.monotonic()
        assert arrivals.wait(ends, LONG_S)
        assert 0.3 < time.monotonic() - began < LONG_S / 2
        sending.join()
        assert admin.end_offsets(cluster.inner, "at-rest") == ends | {partition: ends[partition] + 1}
    arrivals.close()


def test_what_came_between_the_last_look_and_the_wait_is_told_of(cluster: Cluster) -> None:
    admin.create(cluster.inner, [TopicSpec("just-missed", 2)])
    ends = admin.end_offsets(cluster.inner, "just-missed")
    append(cluster, "just-missed", 1)
    arrivals = Arrivals(cluster.inner, "just-missed", {})
    began = time.monotonic()
    assert arrivals.wait(ends, LONG_S)
    assert time.monotonic() - began < LONG_S / 2
    arrivals.close()


def test_a_broker_that_does_not_tell_is_said_so(cluster: Cluster) -> None:
    admin.create(cluster.inner, [TopicSpec("made-anew", 1)])
    arrivals = Arrivals(cluster.inner, "made-anew", {})
    assert not arrivals.wait({0: 7}, LONG_S), "the log ends before"
    arrivals.close()
