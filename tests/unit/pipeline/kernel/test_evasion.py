"""What somebody tries who knows the rules and wants to pass them by: reference, oracle and kernel agree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pipeline.records.events import Refusal, content_hash, decode
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from tests.kernel_process import KernelProcess
from tests.oracle.windows import evaluate
from tests.streams import START_MS, Case, Condition, Feature, Row, Settings, write_value
from tests.unit.pipeline.kernel.test_parity import by_kernel, by_reference, plan_of

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

    def tick(self, append_ms: int, partition: int = 0, limit_ms: int | None = None) -> None:
        """The ticker's record, which moves the partition to START + `append_ms`, or + `limit_ms` if less."""
        headers = {"tick": b""}
        if limit_ms is not None:
            headers["limit"] = str(START_MS + limit_ms).encode()
        self.rows.append(Row(partition, self._next(partition), START_MS + append_ms, None, headers=headers))

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


COUNT_5M = Feature("n", "user_id", "count", window_ms=5 * MINUTE_MS)
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


def test_a_reused_id_with_other_content_is_an_event_of_its_own_and_a_copy_is_none(
    kernel: KernelProcess,
) -> None:
    log = Log()
    log.pay("e1", 0, amount=10_000)
    log.pay("e1", 0, append_ms=1_000, amount=10_000)
    log.pay("e1", 2_000, amount=90_000_000)
    log.pay("e1", 2_000, append_ms=3_000, amount=90_000_000)
    log.pay("e1", 0, append_ms=4_000, amount=10_000)
    log.pay("e1", 2_000, append_ms=5_000, user_id="v", amount=90_000_000)
    found = said(kernel, log.case([COUNT_5M], Settings()))
    assert [(one.get("duplicate"), one.get("reused_id"), one.get("features")) for one in found] == [
        (None, None, {"n": 1}),
        (True, None, None),
        (True, None, None),
        (None, True, {"n": 2}),
        (True, None, None),
        (None, None, {"n": 1}),
    ]


def test_a_copy_may_name_its_fields_in_another_order_and_write_its_numbers_otherwise(
    kernel: KernelProcess,
) -> None:
    one = (
        b'{"event_id":"e","user_id":"u","event_time":1700000000000,"amount":5.50,"z":"1","ip":"::1","a":true}'
    )
    other = b'{"a":true,"ip":"::1","z":"1","amount":5.5,"event_time":"2023-11-14T22:13:20Z","user_id":"u",'
    values = [
        one,
        other + b'"event_id":"e"}',
        other + b'"event_id":"e","b":null}',
        one.replace(b"true", b"1"),
    ]
    rows = [Row(0, number, START_MS, value) for number, value in enumerate(values)]
    plan = plan_of(Case((), (COUNT_5M,), Settings()))
    reference = list(Reference(plan).process(stamp(Record(*_place(row), row.value) for row in rows)))
    answers = kernel.run(plan, rows, "append")
    assert [one.duplicate for one in reference] == [False, True, True, False]
    assert [one.get("duplicate", False) for one in answers] == [False, True, True, False]
    assert answers[3]["content_hash"] == reference[3].content_hash == content_hash(decode(values[3]))


def _place(row: Row) -> tuple[int, int, int]:
    return row.partition, row.offset, row.append_ms


def test_the_same_id_for_a_thousand_payments_hides_none_of_them(kernel: KernelProcess) -> None:
    log = Log()
    for number in range(1_000):
        log.pay("same", number, amount=number)
    assert column(kernel, log, COUNT_5M, max_entries=5_000) == list(range(1, 1_001))


def test_an_id_like_that_of_a_reused_one_in_the_stores_is_refused(kernel: KernelProcess) -> None:
    value = b'{"event_id":"e1#reused-0123456789abcdef","user_id":"u","event_time":1700000000000,"amount":1}'
    answers = kernel.run(plan_of(Case((), (COUNT_5M,), Settings())), [Row(0, 0, START_MS, value)], "append")
    assert answers == [{"partition": 0, "offset": 0, "refused": "reserved_id: event_id"}]
    with pytest.raises(Refusal, match="reserved_id: event_id"):
        decode(value)


IP_USERS_2M = Feature("users", "ip", "distinct", "user_id", window_ms=2 * MINUTE_MS)
MEMORIES = (
    Feature("age", "user_id", "first_seen", "device_id", ttl_ms=20 * MINUTE_MS),
    Feature("session", "user_id", "count", session_gap_ms=4 * MINUTE_MS),
)


def an_hour_of_payments(step_ms: int) -> Log:
    """One every 100 s; before the tenth, the broker's clock stands ahead by `step_ms` for a moment."""
    log = Log()
    for number in range(36):
        if step_ms and number == 10:
            log.tick((number - 1) * 100_000 + step_ms)
        device = f"d{number % 3}"
        log.pay(f"e{number}", number * 100_000, device_id=device, ip="::1")
    return log


def test_a_clock_step_up_to_the_allowed_lateness_changes_no_feature(kernel: KernelProcess) -> None:
    features, settings = (COUNT_5M, IP_USERS_2M, *MEMORIES), Settings(allowed_lateness_ms=15 * MINUTE_MS)
    undisturbed = said(kernel, an_hour_of_payments(0).case(features, settings))
    stepped = said(kernel, an_hour_of_payments(15 * MINUTE_MS).case(features, settings))
    assert [one["features"] for one in stepped] == [one["features"] for one in undisturbed]
    assert sum(one["late"] for one in stepped) == 8


def test_a_clock_step_of_an_hour_marks_what_it_blinds_and_within_the_lateness_all_ten_users_are_seen(
    kernel: KernelProcess,
) -> None:
    log = Log()
    log.pay("before", 0, user_id="v", ip="::9")
    log.tick(60 * MINUTE_MS)
    for number in range(10):
        log.pay(f"e{number}", 1_000 + 10_000 * number, user_id=f"u{number}", ip="::1")
    blind = said(kernel, log.case([IP_USERS_2M], Settings(allowed_lateness_ms=15 * MINUTE_MS)))
    assert [(one["late"], one["features"]["users"]) for one in blind[1:]] == [(True, 1)] * 10
    seeing = said(kernel, log.case([IP_USERS_2M], Settings(allowed_lateness_ms=60 * MINUTE_MS)))
    assert [one["features"]["users"] for one in seeing] == [1, *range(1, 11)]


def test_a_clock_of_the_broker_an_hour_ahead_blinds_nobody_where_the_tickers_own_clock_is_right(
    kernel: KernelProcess,
) -> None:
    log = Log()
    for number in range(10):
        now_ms, ahead_ms = 10_000 * number, 60 * MINUTE_MS if 3 <= number < 7 else 0
        log.tick(now_ms + ahead_ms, limit_ms=now_ms + 2_000)
        log.pay(
            f"e{number}", now_ms + 1_000, append_ms=now_ms + 1_000 + ahead_ms, user_id=f"u{number}", ip="::1"
        )
    found = said(kernel, log.case([IP_USERS_2M], Settings(allowed_lateness_ms=2_000)))
    assert [one["features"]["users"] for one in found] == list(range(1, 11))
    assert [one["late"] for one in found] == [3 <= number < 7 for number in range(10)]
    assert max(one["due"] - one["pos"] for one in found) <= 1_000


def test_events_on_time_get_what_they_would_without_any_lateness(kernel: KernelProcess) -> None:
    log, features = an_hour_of_payments(0), (COUNT_5M, IP_USERS_2M, *MEMORIES)
    none, some = (
        said(kernel, log.case(features, Settings(max_entries=2, allowed_lateness_ms=ms))) for ms in (0, 10**6)
    )
    assert some == none


def test_backdated_payments_evade_windows_by_their_own_times_and_not_those_by_arrival(
    kernel: KernelProcess,
) -> None:
    arrived = Feature("arrived", "user_id", "count", window_ms=5 * MINUTE_MS, clock="arrival")
    unheard = Feature("age", "user_id", "first_seen", "device_id", ttl_ms=60 * MINUTE_MS, clock="arrival")
    own = Feature("own_age", "user_id", "first_seen", "device_id", ttl_ms=60 * MINUTE_MS)
    log = Log()
    for number in range(8):
        append_ms = number * 60_000
        log.pay(f"e{number}", append_ms - 3 * number * MINUTE_MS, append_ms=append_ms, device_id="d")
        log.tick(append_ms + 1_000)
    log.pay("last", 8 * 60_000, device_id="d")
    found = said(kernel, log.case([COUNT_5M, arrived, own, unheard], Settings()))
    assert [one["features"]["n"] for one in found] == [1] * 9
    assert [one["features"]["arrived"] for one in found] == [1, 2, 3, 4, 5, 5, 5, 5, 5]
    assert [one["features"]["age"] for one in found] == [60_000 * number for number in range(9)]
    assert found[-1]["features"]["own_age"] == 22 * MINUTE_MS, "who backdates makes a device look old"


@pytest.mark.parametrize("step_ms", [1, -1])
def test_a_burst_that_is_due_together_is_counted_by_arrival_whatever_order_its_times_give_it(
    kernel: KernelProcess, step_ms: int
) -> None:
    """Twelve payments within 12 ms, before anything else moves the log's clock, each dated `step_ms` minutes
    from the one before: they are processed by those times."""
    arrived = Feature("arrived", "user_id", "count", window_ms=5 * MINUTE_MS, clock="arrival")
    cards = Feature("cards", "user_id", "distinct", "card_id", window_ms=15 * MINUTE_MS, clock="arrival")
    log = Log()
    log.tick(1_500)
    for number in range(12):
        at_ms = (step_ms * number - 20) * 6 * MINUTE_MS
        log.pay(f"e{number}", at_ms, append_ms=1_501 + number, card_id=f"c{number}")
    found = said(kernel, log.case([COUNT_5M, arrived, cards], Settings()))
    assert {one["due"] for one in found} == {START_MS + 1_450}
    assert [one["features"] for one in found] == [{"n": 1, "arrived": n, "cards": n} for n in range(1, 13)]


def test_what_a_second_parts_of_such_a_burst_is_counted_on_both_sides(kernel: KernelProcess) -> None:
    arrived = Feature("arrived", "user_id", "count", window_ms=5 * MINUTE_MS, clock="arrival")
    log = Log()
    log.tick(1_990)
    for number in range(12):
        log.pay(f"e{number}", -number * 6 * MINUTE_MS, append_ms=1_994 + number)
    log.pay("next", 2_500)
    assert column(kernel, log, arrived) == [*range(1, 7), *range(1, 7), 13]


def test_on_past_data_the_clock_of_arrivals_is_that_of_the_events(kernel: KernelProcess) -> None:
    log = Log()
    for number in range(4):
        log.pay(f"e{number}", number * 4 * MINUTE_MS, append_ms=0)
    by_both = [replace(COUNT_5M, name=clock, clock=clock) for clock in ("event", "arrival")]
    found = said(kernel, log.case(by_both, Settings(time="event")))
    assert [one["features"] for one in found] == [{"event": n, "arrival": n} for n in (1, 2, 2, 2)]


FORGED = ("", "x", " 7", "7 ", "+7", "1_000", "7.0", "0x7", "\u0663", "-", "--7", "9" * 15, "-" + "9" * 15)
FORGED += ("9" * 16, "9" * 19, "-9223372036854775808", "9223372036854775807", "9" * 5_000, "\x00", "7\n")


@pytest.mark.parametrize("name", ["tick", "close"])
@pytest.mark.parametrize("limit", [None, "", "x", "9223372036854775807", "-9223372036854775808", "9" * 15])
def test_whatever_somebody_writes_into_the_header_of_a_control_record_all_read_it_alike(
    kernel: KernelProcess, name: str, limit: str | None
) -> None:
    """And none moves the clock of its partition beyond its append time."""
    for number, text in enumerate(FORGED):
        log = Log()
        log.pay("e1", 0)
        headers = {name: text.encode()} | ({} if limit is None else {"limit": limit.encode()})
        log.rows.append(Row(0, 1, START_MS + 1_000, None, headers=headers))
        log.pay("e2", 2_000 + number)
        log.pay("e3", 1_500)
        case = log.case([COUNT_5M], Settings())
        expected = by_reference(case)
        assert by_kernel(kernel, case)[0] == expected, text
        assert [one["late"] for one in expected if one["offset"] == 2] == [False], text
