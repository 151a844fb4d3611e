"""What somebody tries who knows the rules and wants to pass them by: reference, oracle and kernel agree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from tests.kernel_process import KernelProcess
from tests.oracle.windows import evaluate
from tests.streams import START_MS, Case, Condition, Feature, Row, Settings, write_value
from tests.unit.pipeline.kernel.test_parity import by_kernel, by_reference

MINUTE_MS = 60_000


class Log:
    """Records of one topic, each partition in the order of its appends."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def pay(
        self, event_id: str, at_ms: int, *, append_ms: int | None = None, partition: int = 0, **fields: Any
    ) -> None:
        """A payment of user `u`; times count from START, and it is appended at its event time if not said."""
        whole = {"event_id": event_id, "user_id": "u", "event_time": START_MS + at_ms, "amount": 100_000}
        whole |= fields
        appended = START_MS + (at_ms if append_ms is None else append_ms)
        value = write_value(whole, random.Random(len(self.rows)))
        self.rows.append(Row(partition, self._next(partition), appended, value, whole))

    def tick(self, append_ms: int, partition: int = 0) -> None:
        """The ticker's record, which moves the partition to START + `append_ms`."""
        tick = Row(partition, self._next(partition), START_MS + append_ms, None, headers={"tick": b""})
        self.rows.append(tick)

    def case(self, features: Sequence[Feature], settings: Settings) -> Case:
        return Case(tuple(self.rows), tuple(features), settings)

    def _next(self, partition: int) -> int:
        return sum(row.partition == partition for row in self.rows)


def said(kernel: KernelProcess, case: Case) -> list[dict[str, Any]]:
    """What all three say of the events, in the order of processing."""
    expected = evaluate(case)
    assert by_reference(case) == expected
    assert by_kernel(kernel, case)[0] == expected
    return expected


def column(kernel: KernelProcess, log: Log, feature: Feature, **settings: Any) -> list[Any]:
    case = log.case([feature], Settings(**settings))
    return [one["features"].get(feature.name) for one in said(kernel, case)]


CARD_TESTING = Feature(
    "tested",
    "user_id",
    steps=((Condition("<", "amount", Decimal(5)), 3), (Condition(">", "amount", Decimal(200)), 1)),
    within_ms=10 * MINUTE_MS,
)


@pytest.mark.parametrize("ids", [("e7", "e8", "e9", "e10"), ("e07", "e08", "e09", "e10")])
def test_same_second_events_follow_the_log_whatever_their_ids(
    kernel: KernelProcess, ids: tuple[str, ...]
) -> None:
    log = Log()
    for event_id in ids[:3]:
        log.pay(event_id, 0, append_ms=5, amount=10_000)
    log.pay(ids[3], 0, append_ms=5, amount=9_000_000)
    assert column(kernel, log, CARD_TESTING) == [False, False, False, True]
    assert column(kernel, log, CARD_TESTING, time="event") == [False, False, False, True]


def test_same_second_events_of_several_partitions_follow_their_append_times(kernel: KernelProcess) -> None:
    log = Log()
    by_ip = Feature("before", "ip", "previous", "user_id", ttl_ms=MINUTE_MS)
    log.pay("a", 0, append_ms=9, partition=0, user_id="third", ip="::1")
    log.pay("b", 0, append_ms=5, partition=1, user_id="first", ip="::1")
    log.pay("c", 0, append_ms=9, partition=1, user_id="fourth", ip="::1")
    log.pay("d", 0, append_ms=7, partition=2, user_id="second", ip="::1")
    log.pay("e", 50, append_ms=90, partition=2, user_id="last", ip="::1")
    assert column(kernel, log, by_ip) == [None, "first", "second", "third", "fourth"]
