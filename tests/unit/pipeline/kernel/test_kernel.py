"""The kernel reads, refuses and judges as Python does: the tables of the Python tests, asked of the JVM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records.events import Refusal, decode, encode
from pipeline.rules.plan import Plan
from pipeline.rules.ruleset import PlanSettings, parse
from tests.kernel_process import KernelProcess
from tests.streams import START_MS, Row
from tests.unit.pipeline.records.test_events import HEAD, REFUSED
from tests.unit.pipeline.rules.expression.test_parse import CASES, EXTRA_FIELDS, transaction

CASES_A_PLAN = 60
"""A hop takes 62 conditions."""
PLAIN = {"version": "t", "rules": {}, "thresholds": {"review": 50, "block": 80}}


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelProcess]:
    with KernelProcess() as process:
        yield process


def plan(features: dict[str, Any]) -> Plan:
    content = PLAIN | {
        "fields": sorted(EXTRA_FIELDS),
        "lists": {"risky": ["KP", "IR"]},
        "features": features or {"n": {"by": "user_id", "agg": "count", "window": "1m"}},
        "rules": {"r": {"when": "amount > 1", "points": 1}},
    }
    return parse(content).plan(PlanSettings())


def rows(values: list[bytes | None]) -> list[Row]:
    return [Row(0, offset, START_MS + offset, value) for offset, value in enumerate(values)]


def python_code(value: bytes | None) -> str | None:
    try:
        decode(value)
    except Refusal as refusal:
        return refusal.code
    return None


def kernel_codes(kernel: KernelProcess, values: list[bytes | None]) -> list[str | None]:
    answers = kernel.run(plan({}), rows(values), "append")
    refused = {one["offset"]: one["refused"].partition(":")[0] for one in answers if "refused" in one}
    return [refused.get(offset) for offset in range(len(values))]


def test_the_kernel_refuses_what_python_refuses_with_the_same_code(kernel: KernelProcess) -> None:
    values = [value for value, _ in REFUSED]
    assert kernel_codes(kernel, values) == [reason.partition(":")[0] for _, reason in REFUSED]


NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,4})?\Z")
TIMES = st.one_of(
    st.from_regex(
        r"\A(1999|20[0-9]{2}|2100)-[01][0-9]-[0-3][0-9]"
        r"[Tt ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?(Z|z|[+-][0-2][0-9](:?[0-6][0-9])?)\Z"
    ).map(json.dumps),
    st.integers(-(10**20), 10**20).map(str),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(NUMBERS, TIMES, NUMBERS), min_size=30, max_size=30))
def test_amounts_times_and_numbers_of_any_spelling_are_judged_alike(
    kernel: KernelProcess, spellings: list[tuple[str, str, str]]
) -> None:
    values: list[bytes | None] = [
        f'{{"event_id":"e{i}","user_id":"u","amount":{amount},"event_time":{time},"lat":{lat}}}'.encode()
        for i, (amount, time, lat) in enumerate(spellings)
    ]
    assert kernel_codes(kernel, values) == [python_code(value) for value in values]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=12), min_size=30, max_size=30))
def test_bytes_in_the_middle_of_a_transaction_are_judged_alike(
    kernel: KernelProcess, middles: list[bytes]
) -> None:
    values: list[bytes | None] = [b"{" + HEAD.encode() + middle + b"}" for middle in middles]
    assert kernel_codes(kernel, values) == [python_code(value) for value in values]


def test_a_condition_holds_in_the_kernel_as_the_table_says(kernel: KernelProcess) -> None:
    for first in range(0, len(CASES), CASES_A_PLAN):
        cases = CASES[first : first + CASES_A_PLAN]
        features = {
            f"f{i:02d}": {"by": "user_id", "agg": "count", "window": "1m", "where": case["where"]}
            for i, case in enumerate(cases)
        }
        values: list[bytes | None] = [_value(case["fields"], number) for number, case in enumerate(cases)]
        answers = {one["offset"]: one for one in kernel.run(plan(features), rows(values), "append")}
        held = {
            case["where"] + json.dumps(case["fields"]): bool(answers[i]["features"][f"f{i:02d}"])
            for i, case in enumerate(cases)
        }
        assert held == {case["where"] + json.dumps(case["fields"]): case["expected"] for case in cases}


def _value(fields: dict[str, Any], number: int) -> bytes:
    """Case by case another event id and, where the case does not name one, another user."""
    tx = transaction(fields)
    tx = replace(tx, event_id=tx.event_id if "event_id" in fields else f"e{number}")
    return encode(replace(tx, user_id=tx.user_id if "user_id" in fields else f"u{number}"))
