"""The reference: aggregates, sessions, sequences, dedup, eviction and the cap, with hand-made answers."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipeline.records.events import Transaction
from pipeline.records.quantities import Number
from pipeline.rules.plan import Plan
from pipeline.rules.ruleset import PlanSettings, parse
from pipeline.scoring.order import Stamped
from pipeline.scoring.reference import Reference

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


class Log:
    """Events of one user at given times, in minutes; the offset is the place in the log."""

    def __init__(self) -> None:
        self.events: list[Stamped] = []

    def add(
        self, minute: float, amount: float = 1, event_id: str = "", due: float | None = None, **fields: Any
    ) -> None:
        offset = len(self.events)
        pos, due_ms = int(minute * MINUTE_MS), int((minute if due is None else due) * MINUTE_MS)
        user_id = fields.pop("user_id", "u")
        tx = Transaction(event_id or f"e{offset:04d}", user_id, pos, round(amount * 10_000), fields)
        self.events.append(Stamped(tx, 0, offset, pos, due_ms, due_ms > pos))

    def scored(self, features: Mapping[str, Any], **settings: int) -> list[Any]:
        rules = {"r": {"when": "amount > 0", "points": 1}}
        thresholds = {"review": 50, "block": 80}
        content = {
            "version": "v",
            "features": features,
            "rules": rules,
            "thresholds": thresholds,
            "fields": ["mcc"],
        }
        return list(Reference(parse(content).plan(PlanSettings(**settings))).process(self.events))

    def values(self, features: Mapping[str, Any], **settings: int) -> list[Mapping[str, Any]]:
        return [scored.values for scored in self.scored(features, **settings)]

    def column(self, feature: Mapping[str, Any], **settings: int) -> list[Any]:
        return [values.get("f") for values in self.values({"f": feature}, **settings)]


def by_user(**declared: Any) -> dict[str, Any]:
    return {"by": "user_id", **declared}


def test_a_window_holds_what_is_newer_than_its_length_the_event_included() -> None:
    log = Log()
    for minute in (0, 1, 5, 6, 6, 11):
        log.add(minute)
    assert log.column(by_user(agg="count", window="5m")) == [1, 2, 2, 2, 3, 1]


def test_amounts_are_summed_exactly_and_divided_once() -> None:
    log = Log()
    for amount in (0.1, 0.2, -3, 10):
        log.add(1, amount)
    aggs = {
        "total": "sum",
        "avg": "avg",
        "least": "min",
        "most": "max",
        "mean_before": "mean_before",
        "stddev_before": "stddev_before",
    }
    features = {name: by_user(agg=agg, of="amount", window="5m") for name, agg in aggs.items()}
    assert log.values({**features, "n": by_user(agg="count", window="5m")}) == [
        {"total": 1000, "avg": 0.1, "least": 1000, "most": 1000, "n": 1},
        {"total": 3000, "avg": 0.15, "least": 1000, "most": 2000, "mean_before": 0.1, "n": 2},
        {
            "total": -27_000,
            "avg": -0.9,
            "least": -30_000,
            "most": 2000,
            "mean_before": 0.15,
            "stddev_before": math.sqrt(0.005),
            "n": 3,
        },
        {
            "total": 73_000,
            "avg": 1.825,
            "least": -30_000,
            "most": 100_000,
            "mean_before": -0.9,
            "stddev_before": math.sqrt(3.31),
            "n": 4,
        },
    ]


def test_only_what_meets_the_condition_counts_and_nothing_is_absent_or_zero() -> None:
    log = Log()
    log.add(1, 50)
    log.add(2, 3)
    features = {
        "n": by_user(agg="count", window="5m", where="amount < 5"),
        "total": by_user(agg="sum", of="amount", window="5m", where="amount < 5"),
        "least": by_user(agg="min", of="amount", window="5m", where="amount < 5"),
        "cards": by_user(agg="distinct", of="card_id", window="5m"),
    }
    assert log.values(features) == [
        {"n": 0, "total": 0, "cards": 0},
        {"n": 1, "total": 30_000, "least": 30_000, "cards": 0},
    ]


def test_distinct_values_are_texts_as_written() -> None:
    log = Log()
    for mcc in (Number("5"), Number("5.0"), "5", True, "true", None):
        present: dict[str, Any] = {} if mcc is None else {"mcc": mcc}
        log.add(1, **present)
    assert log.column(by_user(agg="distinct", of="mcc", window="5m")) == [1, 2, 2, 3, 3, 3]


def test_a_hop_is_skipped_by_an_event_without_its_key() -> None:
    log = Log()
    log.add(1, ip="a")
    log.add(2)
    log.add(3, ip="a", user_id="v")
    assert log.values({"users": {"by": "ip", "agg": "distinct", "of": "user_id", "window": "5m"}}) == [
        {"users": 1},
        {},
        {"users": 2},
    ]


def test_a_late_event_sees_its_own_past_and_is_seen_by_what_comes_later() -> None:
    log = Log()
    log.add(1)
    log.add(6)
    log.add(2, due=6)
    log.add(6.5)
    scored = log.scored({"f": by_user(agg="count", window="5m")})
    assert [(s.stamped.offset, s.stamped.late, s.values["f"]) for s in scored] == [
        (0, False, 1),
        (2, True, 2),
        (1, False, 2),
        (3, False, 3),
    ]


def test_an_entry_that_was_evicted_does_not_come_back_for_a_late_event() -> None:
    log = Log()
    log.add(1)
    log.add(9, due=9)
    log.add(2, due=9.5)
    count = by_user(agg="count", window="5m")
    assert log.column(count, allowed_lateness_ms=0) == [1, 1, 1]
    assert log.column(count, allowed_lateness_ms=3 * MINUTE_MS) == [1, 1, 1]
    assert log.column(count, allowed_lateness_ms=4 * MINUTE_MS) == [1, 1, 2]


def test_a_session_ends_where_the_gap_is_exceeded_and_after_a_day() -> None:
    log = Log()
    for minute in (0, 30, 60, 91, 92):
        log.add(minute, minute + 1)
    assert log.column(by_user(agg="count", session_gap="30m")) == [1, 2, 3, 1, 2]
    assert log.column(by_user(agg="max", of="amount", session_gap="30m")) == [
        10_000,
        310_000,
        610_000,
        920_000,
        930_000,
    ]
    assert log.column(by_user(agg="sum", of="amount", session_gap="30m", where="amount > 31")) == [
        0,
        0,
        610_000,
        920_000,
        1_850_000,
    ]
    hourly = Log()
    for hour in range(26):
        hourly.add(hour * 60)
    assert hourly.column(by_user(agg="count", session_gap="1h")) == [*range(1, 25), 24, 24]


def test_a_sequence_is_true_on_the_event_that_completes_it() -> None:
    log = Log()
    for minute, amount in ((0, 2), (1, 50), (2, 3), (3, 300), (4, 300), (10, 300), (13, 300)):
        log.add(minute, amount)
    declared = {
        "by": "user_id",
        "sequence": [{"where": "amount < 5", "times": 2}, {"where": "amount > 200"}],
        "within": "10m",
    }
    assert log.column(declared) == [False, False, False, True, True, False, False]


def test_a_first_sight_ages_and_is_forgotten_after_its_ttl() -> None:
    log = Log()
    for minute, device in ((0, "a"), (1, "b"), (5, "a"), (14, "a"), (24, "a"), (25, None)):
        present: dict[str, Any] = {"device_id": device} if device else {}
        log.add(minute, **present)
    declared = by_user(agg="first_seen", of="device_id", ttl="10m")
    assert log.column(declared) == [0, 0, 5 * MINUTE_MS, 14 * MINUTE_MS, 0, None]


def test_a_late_first_sight_makes_later_ones_older() -> None:
    log = Log()
    log.add(5, device_id="a")
    log.add(3, due=5.5, device_id="a")
    log.add(6, device_id="a")
    assert log.column(by_user(agg="first_seen", of="device_id", ttl="1h")) == [0, 0, 3 * MINUTE_MS]


def test_first_sights_are_capped_by_the_least_recent() -> None:
    log = Log()
    for minute, device in ((0, "a"), (1, "b"), (2, "a"), (3, "c"), (4, "a"), (5, "b")):
        log.add(minute, device_id=device)
    declared = by_user(agg="first_seen", of="device_id", ttl="1h")
    assert log.column(declared, max_entries=2) == [0, 0, 2 * MINUTE_MS, 0, 4 * MINUTE_MS, 0]


def test_the_previous_value_is_the_newest_stored_one() -> None:
    log = Log()
    log.add(0, country="DE")
    log.add(1, 100, country="FR")
    log.add(2)
    log.add(0.5, due=2.5, country="NL")
    log.add(3, country="ES")
    log.add(14, country="IT")
    declared = by_user(agg="previous", of="country", ttl="10m", where="amount < 50")
    assert log.column(declared) == [None, "DE", "DE", "DE", "NL", None]


def test_a_copy_within_the_dedup_window_counts_nowhere() -> None:
    log = Log()
    log.add(0, event_id="x")
    log.add(0, event_id="x", due=30)
    log.add(0, event_id="x", due=60)
    log.add(0, event_id="x", due=60.5)
    log.add(61, event_id="x", user_id="v")
    scored = log.scored({"n": by_user(agg="count", window="24h")})
    assert [(s.duplicate, dict(s.values)) for s in scored] == [
        (False, {"n": 1}),
        (True, {}),
        (True, {}),
        (False, {"n": 2}),
        (False, {"n": 1}),
    ]


def test_a_key_over_the_cap_says_that_it_is_saturated() -> None:
    log = Log()
    for minute in (0, 1, 2, 3, 7.5):
        log.add(minute)
    scored = log.scored({"f": by_user(agg="count", window="5m")}, max_entries=2)
    assert [(s.values["f"], s.saturated) for s in scored] == [
        (1, False),
        (2, False),
        (3, False),
        (3, True),
        (2, False),
    ]


def test_without_the_settings_of_the_job_nothing_is_computed() -> None:
    plan = Plan(0, (), ())
    with pytest.raises(ValueError, match="needs the settings"):
        Reference(plan)
    assert list(Reference(replace(plan, settings=PlanSettings())).process([])) == []
