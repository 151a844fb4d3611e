"""A real broker tells at once of a record in a topic at rest, and is asked for nothing else meanwhile."""

from __future__ import annotations

import threading
import time

from fraudctl.kafka import admin
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from pipeline.process.arrivals import Arrivals
from tests.kafka_cluster import Cluster
from tests.waiting import LONG_S


def append(broker: Cluster, topic: str, partition: int) -> None:
    sender = Sender(broker.inner)
    sender.send(topic, b"x", partition=partition)
    assert (sender.flush(LONG_S), sender.failed) == (0, 0)


def test_who_waits_is_told_of_a_record_in_any_partition_and_of_silence_when_the_time_is_over(
    broker: Cluster,
) -> None:
    admin.create(broker.inner, [TopicSpec("at-rest", 3)])
    arrivals = Arrivals(broker.inner, "at-rest", {})
    for partition in (2, 0):
        ends = admin.end_offsets(broker.inner, "at-rest")
        assert arrivals.wait(ends, 0.3)
        assert admin.end_offsets(broker.inner, "at-rest") == ends
        sending = threading.Timer(0.5, append, (broker, "at-rest", partition))
        sending.start()
        began = time.monotonic()
        assert arrivals.wait(ends, LONG_S)
        assert 0.3 < time.monotonic() - began < LONG_S / 2
        sending.join()
        assert admin.end_offsets(broker.inner, "at-rest") == ends | {partition: ends[partition] + 1}
    arrivals.close()


def test_what_came_between_the_last_look_and_the_wait_is_told_of(broker: Cluster) -> None:
    admin.create(broker.inner, [TopicSpec("just-missed", 2)])
    ends = admin.end_offsets(broker.inner, "just-missed")
    append(broker, "just-missed", 1)
    arrivals = Arrivals(broker.inner, "just-missed", {})
    began = time.monotonic()
    assert arrivals.wait(ends, LONG_S)
    assert time.monotonic() - began < LONG_S / 2
    arrivals.close()


def test_a_broker_that_does_not_tell_is_said_so(broker: Cluster) -> None:
    admin.create(broker.inner, [TopicSpec("made-anew", 1)])
    arrivals = Arrivals(broker.inner, "made-anew", {})
    assert not arrivals.wait({0: 7}, LONG_S), "the log ends before"
    arrivals.close()
