"""Topics and consumers at a glance, asked of a broker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from fraudctl.kafka import admin, survey
from fraudctl.kafka.survey import Extent
from pipeline.connections.kafka.description import Kafka
from tests.mock_kafka import MockKafka

ELECTIONS, QUESTIONS = 2_000, 100


def test_extents_of_topics_there_are_and_lags_of_who_committed_and_who_never_did() -> None:
    with MockKafka("paid", "quiet") as cluster:
        cluster.append("paid", b"1", b"2", b"3", partition=2)
        cluster.commit("reader", "paid", 2, 1)
        found = survey.extents(cluster.kafka, ["paid", "quiet", "absent"])
        assert found == {
            **{("paid", number): Extent(0, 3 if number == 2 else 0) for number in range(4)},
            **{("quiet", number): Extent(0, 0) for number in range(4)},
        }
        lags = survey.lags(cluster.kafka, {"reader": "paid", "nobody": "paid"}, found)
        assert lags == {"reader": {0: 0, 1: 0, 2: 2, 3: 0}, "nobody": {0: 0, 1: 0, 2: 3, 3: 0}}


@pytest.mark.parametrize(
    "asked", [lambda kafka: survey.extents(kafka, ["paid"]), lambda kafka: admin.end_offsets(kafka, "paid")]
)
def test_leaders_that_change_between_two_questions_are_asked_for_again(
    asked: Callable[[Kafka], object],
) -> None:
    with MockKafka("paid") as cluster:
        expected = asked(cluster.kafka)
        changes = threading.Thread(target=lambda: [cluster.elect("paid", 1) for _ in range(ELECTIONS)])
        changes.start()
        answers = [asked(cluster.kafka) for _ in range(QUESTIONS)]
        changes.join()
    assert answers == [expected] * QUESTIONS
