"""What the benchmark of the cost of keys runs."""

from __future__ import annotations

from collections import Counter

from fraudctl.bench.keys import Case, KeyTraffic, cases
from pipeline.records.events import decode

START_MS = 1_767_225_600_000


def test_every_case_fills_its_keys_before_it_is_measured() -> None:
    assert cases([10, 10_000], [1_000, 10_000_000]) == [
        ("10 events in the window of a key", Case(keys=20_000, held=10)),
        ("10,000 events in the window of a key", Case(keys=20, held=10_000)),
        ("1,000 keys in state", Case(keys=1_000, held=4)),
        ("10,000,000 keys in state", Case(keys=10_000_000, held=1)),
    ]


def test_every_key_of_every_hop_gets_what_it_is_to_hold_and_then_events_fall_at_random() -> None:
    case = Case(keys=30, held=5)
    traffic = KeyTraffic("k", 7, START_MS, 2_000.0, case)
    events = [decode(value) for _, value in traffic.events(30 * 5)]
    for field in ("user_id", "ip", "device_id"):
        held = Counter(event.get(field) for event in events)
        assert set(held.values()) == {5}
        assert len(held) == 30
    assert len({key for key, _ in list(traffic.events(case.filling + 60))[case.filling :]}) < 30


def test_no_case_is_measured_before_the_job_is_warm() -> None:
    assert [Case(keys=1_000, held=4).filling, Case(keys=1_000_000, held=1).filling] == [200_000, 1_000_000]
