"""The kernel reads, refuses and judges as Python does: the tables of the Python tests, asked of the JVM."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records.ages import AgeLimits
from pipeline.records.events import content_hash, decode, encode
from pipeline.records.ids import BLANKS, IdLimits
from pipeline.records.quantities import Refusal
from pipeline.records.visible import UNSEEN
from pipeline.rules.plan import Plan
from pipeline.rules.ruleset import PlanSettings, parse
from pipeline.scoring.order import Record, Time, stamp
from tests.examples import examples
from tests.kernel_process import KernelProcess
from tests.streams import START_MS, Row
from tests.unit.pipeline.records.event_cases import HEAD, REFUSED
from tests.unit.pipeline.rules.expression.expression_cases import CASES, EXTRA_FIELDS, transaction

CASES_A_PLAN = 60
"""A hop takes 62 conditions."""
PLAIN = {"version": "t", "rules": {}, "thresholds": {"review": 50, "block": 80}}


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


def test_an_amount_that_no_long_holds_in_units_is_refused_and_not_wrapped(kernel: KernelProcess) -> None:
    amounts = [10**14 - 1, 10**14, 922_337_203_685_477, 922_337_203_685_478, 10**15 - 1]
    values: list[bytes | None] = [
        f'{{"event_id":"e{amount}","user_id":"u","amount":{amount},"event_time":{START_MS}}}'.encode()
        for amount in (*amounts, *(-amount for amount in amounts))
    ]
    codes = [None, "bad_amount", "bad_amount", "bad_amount", "bad_amount"]
    assert kernel_codes(kernel, values) == [*codes, *codes]
    assert [python_code(value) for value in values] == [*codes, *codes]


class Spelling:
    """Numbers and times as JSON may spell them, sensible or not, by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self) -> str:
        whole = self._one("0", self._one(*"123456789") + self._digits(0, 20))
        fraction = self._one("", "." + self._digits(1, 22))
        exponent = self._one("", self._one("e", "E") + self._one("", "+", "-") + self._digits(1, 4))
        return self._one("", "-") + whole + fraction + exponent

    def time(self) -> str:
        if self._random.random() < 0.5:
            size = self._random.randint(1, 20)
            return str(self._random.randint(-(10**size), 10**size))
        year = self._one("1999", "2100", "20" + self._digits(2, 2))
        date = f"{year}-{self._below(1)}-{self._below(3)}"
        seconds = self._one("", f":{self._below(6)}", f":{self._below(6)}.{self._digits(1, 9)}")
        zone = self._below(2) + self._one("", self._one("", ":") + self._below(6))
        clock = f"{self._below(2)}:{self._below(6)}{seconds}{self._one('Z', 'z', '+' + zone, '-' + zone)}"
        return json.dumps(date + self._one("T", "t", " ") + clock)

    def _one(self, *texts: str) -> str:
        return self._random.choice(texts)

    def _digits(self, least: int, most: int) -> str:
        return "".join(self._random.choices("0123456789", k=self._random.randint(least, most)))

    def _below(self, tens: int) -> str:
        """Two digits, of which the first is that at most: a month, a day, an hour, or nearly."""
        return f"{self._random.randint(0, tens)}{self._digits(1, 1)}"


@settings(max_examples=examples(200), derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_amounts_times_and_numbers_of_any_spelling_are_judged_alike(kernel: KernelProcess, seed: int) -> None:
    spell = Spelling(seed)
    values: list[bytes | None] = [
        f'{{"event_id":"e{i}","user_id":"u","amount":{spell.number()},'
        f'"event_time":{spell.time()},"lat":{spell.number()}}}'.encode()
        for i in range(30)
    ]
    assert kernel_codes(kernel, values) == [python_code(value) for value in values]


@settings(max_examples=examples(60), derandomize=True)
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


GROUPS = st.sampled_from(["0", "00", "1", "dB8", "2001", "FFFF", "ffff", "12345", "g", ""])
FOURS = st.sampled_from(["192.0.2.1", "10.0.0.256", "01.2.3.4", "1.2.3", "255.255.255.255", "1.2.3.4.5"])
ADDRESSES = st.one_of(
    FOURS,
    st.lists(GROUPS, min_size=1, max_size=9).map(":".join),
    st.tuples(st.lists(GROUPS, max_size=6).map(":".join), st.lists(GROUPS, max_size=6).map(":".join)).map(
        "::".join
    ),
    st.tuples(st.sampled_from(["::ffff:", "::FFFF:0:", "64:ff9b::", "::", "1:2:3:4:5:6:"]), FOURS).map(
        "".join
    ),
    st.text("0a:.%,[] é\t", max_size=8),
)
AROUND = st.sampled_from(
    [
        *("{}", "[{}]", "[{}]:443", "{}:8080", "{}%eth0", " {} ", "[{}", "{}\n"),
        *("{}, 10.0.0.1", "{};", "{} unknown", "x {}", "{}\t10.0.0.1", "{}\u00a0x"),
    ]
)
TEXTS = st.one_of(
    st.tuples(AROUND, ADDRESSES).map(lambda pair: pair[0].format(pair[1])),
    st.sampled_from(
        [
            "",
            " ",
            "\t\n\x0b\x0c\r",
            "\u00a0",
            "de",
            "Eur",
            " usd ",
            "jpy\t",
            "\u00a0de",
            " é",
            "ß",
            "fr\u00e9",
            "unknown",
        ]
    ),
)


@settings(max_examples=examples(100), derandomize=True)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(["", "null", '"mine"', '""'])), min_size=30, max_size=30)
)
def test_texts_of_any_spelling_become_the_same_content(
    kernel: KernelProcess, given_texts: list[tuple[str, str, str]]
) -> None:
    values: list[bytes | None] = []
    for number, (ip, text, sent) in enumerate(given_texts):
        head = f'"event_id":"e{number}","user_id":"u","amount":1,"event_time":{START_MS}'
        own = f',"ip_as_sent":{sent}' if sent else ""
        texts = "".join(f',"{name}":{json.dumps(text)}' for name in ("country", "currency", "card_id"))
        values += [f"{{{head}}}".encode(), f'{{{head},"x":1,"ip":{json.dumps(ip)}{own}{texts}}}'.encode()]
    answers = {one["offset"]: one for one in kernel.run(plan({}), rows(values), "append")}
    for offset in range(1, len(values), 2):
        value, answer = values[offset], answers[offset]
        refused = python_code(value)
        found = answer["refused"].partition(":")[0] if "refused" in answer else answer["content_hash"]
        assert found == (refused or content_hash(decode(value))), value


EDGES = [
    ord(c) + step for c in UNSEEN + BLANKS if c != "-" for step in (-1, 0, 1) if 0 < ord(c) + step < 0x110000
]
CHARACTERS = st.one_of(
    st.sampled_from([chr(point) for point in EDGES if not 0xD800 <= point < 0xE000]),
    st.characters(blacklist_categories=["Cs"]),
)
LIMITS = st.builds(IdLimits, st.sampled_from([16, 17, 255, 256, 1_000]), st.booleans())


def limited(limits: IdLimits) -> Plan:
    return replace(plan({}), settings=PlanSettings(max_id_bytes=limits.max_bytes, any_ids=limits.allow_any))


def test_at_the_edges_of_what_nobody_sees_ids_are_judged_alike(kernel: KernelProcess) -> None:
    points = [point for point in sorted(set(EDGES)) if not 0xD800 <= point < 0xE000]
    values: list[bytes | None] = [
        f'{{"event_id":"e{point}","user_id":{json.dumps(f"a{chr(point)}")},"amount":1,"event_time":{START_MS}}}'.encode()
        for point in points
    ]
    codes = kernel_codes(kernel, values)
    assert codes == [python_code(value) for value in values]
    assert {None, "bad_id"} == set(codes)


@settings(max_examples=examples(100), derandomize=True)
@given(
    limits=LIMITS,
    ids=st.lists(
        st.tuples(
            st.sampled_from(
                ["event_id", "user_id", "card_id", "device_id", "merchant_id", "session_id", "note"]
            ),
            st.text(CHARACTERS, min_size=1, max_size=6),
            st.sampled_from([1, 1, 3, 60, 300]),
        ),
        min_size=30,
        max_size=30,
    ),
)
def test_ids_of_any_characters_and_lengths_are_judged_alike(
    kernel: KernelProcess, limits: IdLimits, ids: list[tuple[str, str, int]]
) -> None:
    values: list[bytes | None] = []
    for number, (name, text, times) in enumerate(ids):
        members = {"event_id": f"e{number}", "user_id": "u", "amount": 1, "event_time": START_MS}
        values.append(json.dumps(members | {name: text * times}).encode())
    answers = kernel.run(limited(limits), rows(values), "append")
    refused = {one["offset"]: one["refused"] for one in answers if "refused" in one}
    assert refused == {
        refusal.record.offset: str(refusal.refusal) for refusal in stamp(_records(values), ids=limits).refused
    }


@pytest.mark.parametrize("time", ["append", "event"])
def test_times_at_the_edges_of_what_may_come_are_judged_alike(kernel: KernelProcess, time: Time) -> None:
    ages = AgeLimits(max_age_ms=60_000, max_ahead_ms=5_000)
    away = (-60_001, -60_000, 0, 5_000, 5_001)
    records = [
        Row(
            0,
            n,
            START_MS,
            f'{{"event_id":"e{n}","user_id":"u","amount":1,"event_time":{START_MS + ms}}}'.encode(),
        )
        for n, ms in enumerate(away)
    ]
    told = replace(plan({}), settings=PlanSettings(max_age_ms=60_000, max_ahead_ms=5_000))
    refused = {one["offset"]: one["refused"] for one in kernel.run(told, records, time) if "refused" in one}
    ours = stamp([Record(r.partition, r.offset, r.append_ms, r.value) for r in records], time=time, ages=ages)
    assert refused == {one.record.offset: str(one.refusal) for one in ours.refused}
    codes = {0: "event_time_too_old", 4: "event_time_ahead"} if time == "append" else {}
    assert {offset: said.partition(":")[0] for offset, said in refused.items()} == codes


def _records(values: list[bytes | None]) -> list[Record]:
    return [Record(row.partition, row.offset, row.append_ms, row.value) for row in rows(values)]
