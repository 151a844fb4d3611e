"""How far behind a writer is: what it says while it fetches, while it pauses, and while no broker answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.process.backlog import ASK_EVERY_S, Backlog


@dataclass
class Broker:
    """Its partitions, what the last fetch had of their ends, and which of them was asked for."""

    now: dict[int, tuple[int, int]]
    fetched: dict[int, tuple[int, int]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    clock_s: float = 100.0

    def ends(self, partition: int, is_asked: bool) -> tuple[int, int] | None:
        if not is_asked:
            return self.fetched.get(partition)
        self.asked.append(partition)
        return self.now.get(partition)

    def backlog(self) -> Backlog:
        return Backlog(self.ends, lambda: self.clock_s)


def test_it_is_what_lies_between_the_committed_offsets_and_the_ends() -> None:
    assert Broker({0: (0, 10), 1: (0, 25)}).backlog().of({0: 7, 1: 4}, is_fetching=False) == 3 + 21


def test_records_that_were_deleted_are_not_behind_and_an_offset_past_the_end_is_no_credit() -> None:
    broker = Broker({0: (6, 10), 1: (0, 5)})
    assert broker.backlog().of({0: 2, 1: 9}, is_fetching=False) == 4


def test_while_it_fetches_the_newer_end_counts_and_the_broker_is_asked_once() -> None:
    broker = Broker({0: (0, 10), 1: (0, 10)}, fetched={0: (0, 14)})
    backlog = broker.backlog()
    assert backlog.of({0: 10, 1: 10}, is_fetching=True) == 4
    broker.fetched[0], broker.clock_s = (0, 8), 900.0
    assert backlog.of({0: 9, 1: 10}, is_fetching=True) == 1
    assert broker.asked == [0, 1]


def test_while_it_pauses_the_broker_is_asked_once_a_second() -> None:
    broker = Broker({0: (0, 10)}, fetched={0: (0, 99)})
    backlog = broker.backlog()
    assert backlog.of({0: 10}, is_fetching=False) == 0
    broker.now[0] = (0, 12)
    broker.clock_s += ASK_EVERY_S - 0.1
    assert backlog.of({0: 10}, is_fetching=False) == 0
    broker.clock_s += 0.1
    assert backlog.of({0: 10}, is_fetching=False) == 2
    assert broker.asked == [0, 0]


def test_it_is_not_known_where_one_partition_is_not_answered_and_no_other_is_asked_then() -> None:
    broker = Broker({1: (0, 10)})
    backlog = broker.backlog()
    assert backlog.of({0: 0, 1: 0}, is_fetching=True) is None
    assert broker.asked == [0]
    broker.now[0] = (0, 1)
    broker.clock_s += ASK_EVERY_S
    assert backlog.of({0: 0, 1: 0}, is_fetching=True) == 11
