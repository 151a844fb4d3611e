"""Events of a benchmark without a decision: lost, or waiting."""

from __future__ import annotations

import pytest

from fraudctl.bench.undecided import Undecided, judge, look_up
from tests.mock_kafka import MockKafka

IN_TURN = [(number, number % 2, number // 2) for number in range(8)]
"""number, partition and offset of events that were sent to two partitions by turns"""


@pytest.mark.parametrize(
    ("undecided", "lost", "waiting"),
    [
        ((), 0, 0),
        ((6, 7), 0, 2),
        ((7,), 0, 1),
        ((3,), 1, 0),
        ((3, 7), 1, 1),
        ((1, 3, 5, 7), 0, 4),
        (tuple(range(8)), 0, 8),
    ],
)
def test_an_event_is_lost_where_one_behind_it_in_its_partition_is_decided(
    undecided: tuple[int, ...], lost: int, waiting: int
) -> None:
    arrivals = [0 if number in undecided else 1_000 for number in range(8)]
    assert judge(IN_TURN, arrivals) == Undecided(lost, waiting)


def test_only_events_of_the_run_that_lie_behind_its_beginning_count() -> None:
    def event(token: str, number: int) -> bytes:
        return f'{{"event_id":"{token}-{number}","user_id":"u"}}'.encode()

    with MockKafka("transactions") as kafka:
        kafka.append("transactions", event("ours", 3), b"not json", partition=0)
        begins = {0: 2, 1: 0, 2: 0, 3: 0}
        kafka.append("transactions", event("theirs", 9), event("ours", 0), event("ours", 1), partition=0)
        kafka.append("transactions", event("ours", 2), partition=2)
        found = look_up(kafka.kafka, "transactions", begins, b"ours", [0, 1_000, 0, 0])
    assert found == Undecided(lost=1, waiting=1)
