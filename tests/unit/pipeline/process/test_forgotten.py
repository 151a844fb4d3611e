"""Who is forgotten, as a writer hears of it from a broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from pipeline.process.forgotten import Erasures, Unknown
from pipeline.records.forgotten import hash_of, salt_record, user_record
from tests.decisions import decided
from tests.mock_kafka import QUIET, MockKafka

TOPIC, DECIDED = "forgotten", "risk.decisions"
SALT = bytes(range(32))
ADA, BOB = decided("e1", user_id="ada", offset=3), decided("e2", user_id="bob", offset=4)


@pytest.fixture
def erasures(kafka: MockKafka) -> Iterator[Erasures]:
    append(kafka, *salt_record(SALT))
    found = Erasures(kafka.kafka, TOPIC)
    yield found
    found.close()


def append(kafka: MockKafka, key: bytes, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.address, **QUIET})
    producer.produce(TOPIC, value=value, key=key, partition=0)
    assert producer.flush(10) == 0


def forget(kafka: MockKafka, user: str, until: int) -> None:
    append(kafka, *user_record(hash_of(SALT, user), {DECIDED: {0: until}}, "now"))


def test_an_erasure_counts_from_the_moment_that_the_broker_has_it(
    kafka: MockKafka, erasures: Erasures
) -> None:
    assert erasures.remembered([ADA, BOB], DECIDED) == [ADA, BOB]
    forget(kafka, "ada", 4)
    assert erasures.remembered([ADA, BOB], DECIDED) == [BOB]
    forget(kafka, "bob", 4)
    assert erasures.remembered([ADA, BOB], DECIDED) == [BOB]
    forget(kafka, "bob", 5)
    assert erasures.remembered([ADA, BOB], DECIDED) == []


def test_what_is_no_erasure_is_passed_over(kafka: MockKafka, erasures: Erasures) -> None:
    append(kafka, b"nonsense", b"nonsense")
    forget(kafka, "ada", 4)
    assert erasures.remembered([ADA, BOB], DECIDED) == [BOB]


def test_without_a_broker_nobody_may_write(
    kafka: MockKafka, erasures: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert erasures.remembered([ADA], DECIDED) == [ADA]
    monkeypatch.setattr("pipeline.process.forgotten._ASK_S", 0.5)
    kafka.close()
    with pytest.raises(Unknown, match="topic of erasures"):
        erasures.remembered([ADA], DECIDED)
