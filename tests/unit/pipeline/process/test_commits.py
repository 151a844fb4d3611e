"""Which of a consumer's commits have been answered, and how it is ended by that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.process.commits import Commits
from tests.mock_kafka import MockKafka
from tests.waiting import await_that


def place(partition: int, offset: int, error: str | None = None) -> SimpleNamespace:
    """As the client tells of one; its own type cannot be given an error."""
    return SimpleNamespace(partition=partition, offset=offset, error=error)


def test_an_answer_says_what_was_taken_and_one_to_an_earlier_question_says_nothing() -> None:
    commits = Commits()
    assert commits.answer({0: 7}) is None
    commits.heard(None, [place(0, 5)])
    commits.heard(None, [place(0, 7), place(1, 9, "no rights")])
    assert commits.answer({0: 7, 1: 9}) is None
    assert commits.answer({0: 7, 1: 9}) == {0: 7}
    commits.heard(KafkaError(KafkaError._TRANSPORT), [place(0, 8)])
    with pytest.raises(KafkaException):
        commits.answer({0: 8})


def test_a_consumer_is_closed_where_all_is_answered_and_left_to_itself_where_not(kafka: MockKafka) -> None:
    kafka.append("decisions", b"one")
    for is_answered in (True, False):
        commits = Commits()
        told = {"bootstrap.servers": kafka.address, "group.id": "g", "on_commit": commits.heard}
        consumer = Consumer({**told, "enable.auto.commit": False})
        commits.ask(consumer, [TopicPartition("decisions", 0, 1)])

        def polled(consumer: Consumer = consumer, commits: Commits = commits) -> bool:
            consumer.poll(0.05)
            return commits.answer({0: 1}) == {0: 1}

        if is_answered:
            await_that(polled, "an answer")
        held = [consumer]
        commits.end(held)
        assert held == []
        if is_answered:
            with pytest.raises(RuntimeError, match="closed"):
                consumer.poll(0)
        else:
            consumer.poll(0)
            consumer.close()
