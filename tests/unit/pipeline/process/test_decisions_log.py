"""A writer's side of the log, against a broker that speaks Kafka's protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.process.decisions_log import DecisionsLog, Membership
from tests.mock_kafka import MockKafka
from tests.waiting import await_that


@pytest.fixture
def log(kafka: MockKafka) -> Iterator[DecisionsLog]:
    kafka.append("decisions", *[b"one"] * 10)
    found = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
    yield found
    found.close()


def read(log: DecisionsLog, count: int) -> None:
    got = 0

    def all_read() -> bool:
        nonlocal got
        got += len(log.read(count - got, 0.1))
        return got == count

    await_that(all_read, f"{count} read")


def test_the_lag_is_known_before_anything_is_read_and_while_the_partitions_are_paused(
    kafka: MockKafka, log: DecisionsLog
) -> None:
    assert log.lag() is None
    log.pause()
    await_that(lambda: log.idle(0.05) or log.lag() == 10, "a lag of 10")
    log.resume()
    read(log, 10)
    assert log.lag() == 10
    log.commit({0: 10})
    assert log.lag() == 0
    log.pause()
    kafka.append("decisions", *[b"more"] * 5, partition=0)
    kafka.append("decisions", *[b"more"] * 3, partition=3)
    await_that(lambda: log.idle(0.05) or log.lag() == 8, "a lag of 8")
    log.resume()
    assert log.lag() == 8


def test_what_could_not_be_committed_is_not_counted_and_the_lag_is_unknown_without_a_broker(
    kafka: MockKafka, log: DecisionsLog
) -> None:
    read(log, 10)
    log.commit({0: 4})
    assert log.lag() == 6
    kafka.close()
    log.commit({0: 10})
    assert log.lag() == 6
    log.pause()
    await_that(lambda: log.lag() is None, "an unknown lag")
