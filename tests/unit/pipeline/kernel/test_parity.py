"""One sentence of semantics, three implementations: SQL oracle, Python reference, JVM kernel."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from pipeline.rules.plan import Plan
from pipeline.rules.ruleset import PlanSettings, parse
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from tests.examples import each_seed, each_size, examples
from tests.kernel_process import KernelProcess
from tests.oracle.windows import evaluate
from tests.oracle.words import MONEY
from tests.random_streams import LogShape, cases, random_case
from tests.streams import (
    DAY_MS,
    START_MS,
    UNITS,
    Case,
    Condition,
    Feature,
    Row,
    Settings,
    content,
    write_value,
)

Answers = list[dict[str, Any]]

many = settings(max_examples=examples(120), derandomize=True)


def is_money(feature: Feature) -> bool:
    return feature.of in MONEY and feature.agg in ("sum", "min", "max", "previous")


def plan_of(case: Case) -> Plan:
    chosen = case.settings
    plan_settings = PlanSettings(
        out_of_orderness_ms=chosen.out_of_orderness_ms,
        dedup_window_ms=chosen.dedup_window_ms,
        max_entries=chosen.max_entries,
        allowed_lateness_ms=chosen.allowed_lateness_ms,
    )
    return parse(content(case.features)).plan(plan_settings)


def records_of(case: Case) -> list[Record]:
    return [Record(row.partition, row.offset, row.append_ms, row.value, row.headers) for row in case.rows]


def by_reference(case: Case) -> Answers:
    stamped = stamp(records_of(case), case.settings.out_of_orderness_ms, case.settings.time)
    return [
        {"partition": scored.stamped.partition, "offset": scored.stamped.offset, "duplicate": True}
        if scored.duplicate
        else {
            "partition": scored.stamped.partition,
            "offset": scored.stamped.offset,
            "due": scored.stamped.due,
            "pos": scored.stamped.pos,
            "late": scored.stamped.late,
            "saturated": scored.saturated,
            **({"reused_id": True} if scored.content_hash else {}),
            "features": {name: value for name, value in scored.values.items() if value is not None},
        }
        for scored in Reference(plan_of(case)).process(stamped)
    ]


def by_kernel(kernel: KernelProcess, case: Case) -> tuple[Answers, set[tuple[int, int]]]:
    """The answers for accepted events with raw values, and the places of what was refused."""
    answers = kernel.run(plan_of(case), case.rows, case.settings.time)
    refused = {(one["partition"], one["offset"]) for one in answers if "refused" in one}
    kinds = {feature.name: "money" if is_money(feature) else feature.agg for feature in case.features}
    return [_raw(one, kinds) for one in answers if "refused" not in one], refused


def _raw(answer: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    if "duplicate" in answer:
        return answer
    features = {name: _raw_value(value, kinds[name]) for name, value in answer["features"].items()}
    rest = {name: value for name, value in answer.items() if name not in ("values", "content_hash")}
    return rest | {"features": features}


def _raw_value(value: Any, agg: str) -> Any:
    if agg == "money":
        units = Decimal(value) * UNITS
        assert units == int(units)
        return int(units)
    return float(value) if isinstance(value, Decimal) else value


@many
@given(cases())
def test_the_reference_says_what_the_oracle_says(case: Case):
    assert by_reference(case) == evaluate(case)


@many
@given(case=cases())
def test_the_kernel_says_what_the_reference_says(kernel: KernelProcess, case: Case):
    answers, refused = by_kernel(kernel, case)
    assert answers == by_reference(case)
    assert refused == _not_events(case)


def test_what_is_exactly_as_old_as_a_window_is_outside_and_a_gap_of_exactly_its_length_is_inside(
    kernel: KernelProcess,
):
    anything = Condition(">=", "amount", Decimal(0))
    features = (
        Feature("counted", "user_id", "count", window_ms=100),
        Feature("wide", "user_id", "count", window_ms=2 * DAY_MS),
        Feature("session", "user_id", "count", session_gap_ms=100),
        Feature("day", "user_id", "count", session_gap_ms=DAY_MS),
        Feature("pair", "user_id", steps=((anything, 2),), within_ms=100),
        Feature("age", "user_id", "first_seen", "ip", ttl_ms=100),
        Feature("before", "user_id", "previous", "ip", ttl_ms=100),
    )
    rows = tuple(_payment(number, at) for number, at in enumerate((0, 99, 199, DAY_MS, DAY_MS + 199)))
    case = Case(rows, features, Settings())
    expected = evaluate(case)
    assert [list(one["features"].values()) for one in expected] == [
        [1, 1, 1, 1, False, 0],
        [2, 2, 2, 2, True, 99, "::1"],
        [1, 3, 3, 3, False, 0],
        [1, 4, 1, 3, False, 0],
        [1, 5, 1, 2, False, 0],
    ]
    assert by_reference(case) == expected
    assert by_kernel(kernel, case)[0] == expected


def _payment(number: int, at_ms: int) -> Row:
    time_ms = START_MS + at_ms
    fields = {"event_id": f"e{number}", "user_id": "u", "event_time": time_ms, "amount": 10_000, "ip": "::1"}
    return Row(0, number, time_ms, write_value(fields, random.Random(number)), fields)


def _not_events(case: Case) -> set[tuple[int, int]]:
    return {(row.partition, row.offset) for row in case.rows if row.fields is None and not row.headers}


@pytest.mark.parametrize("seed", each_seed(6))
@pytest.mark.parametrize("size", each_size(700))
def test_all_three_agree_on_longer_logs_of_many_features(kernel: KernelProcess, seed: int, size: int):
    case = random_case(seed, size=size, features=16)
    expected = evaluate(case)
    assert by_reference(case) == expected
    assert by_kernel(kernel, case)[0] == expected


@pytest.mark.parametrize("seed", each_seed(3))
@pytest.mark.parametrize("size", each_size(5_000))
def test_kernel_and_reference_agree_on_logs_too_long_for_the_oracle(
    kernel: KernelProcess, seed: int, size: int
):
    shape = LogShape(partitions=4, ids=4_000, users=300, jumps=0.001)
    case = random_case(100 + seed, size=size, features=20, shape=shape)
    assert by_kernel(kernel, case)[0] == by_reference(case)


@pytest.mark.parametrize("seed", each_seed(3))
@pytest.mark.parametrize("size", each_size(400))
def test_neither_says_anything_else_when_partitions_are_read_in_another_order(
    kernel: KernelProcess, seed: int, size: int
):
    case = random_case(200 + seed, size=size, features=8, shape=LogShape(partitions=4))
    rng = random.Random(seed)
    lanes = {lane: [row for row in case.rows if row.partition == lane] for lane in range(4)}
    uneven = []
    while any(lanes.values()):
        lane = rng.choice([number for number, rows in lanes.items() if rows])
        taken = rng.choice((1, 2, 150))
        uneven += lanes[lane][:taken]
        lanes[lane] = lanes[lane][taken:]
    shuffled = Case(tuple(uneven), case.features, case.settings)
    assert by_reference(shuffled) == by_reference(case)
    assert by_kernel(kernel, shuffled)[0] == by_kernel(kernel, case)[0]
