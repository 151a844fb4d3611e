"""What intervals say of a condition: certain when they say no, and never wrong about it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.expression.compile import predicate
from pipeline.rules.expression.normal import normal
from pipeline.rules.expression.parse import parse
from pipeline.rules.expression.reachability import can_fail, can_hold, implies
from pipeline.rules.expression.tree import Condition, Kind, Names
from tests.examples import examples

NAMES = Names(
    frozenset({"mcc"}), {"n": Kind.INT, "age": Kind.INT, "mean": Kind.FLOAT, "seq": Kind.BOOL}, {"empty": ()}
)


def read(text: str) -> Condition:
    return parse(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "n > 5 and n < 5",
        "n > 3 and n < 4",
        "n < 0",
        "2 <= n <= 1",
        "amount > 2 and not amount > 1",
        "amount > 1 and amount < 1.0001",
        'country == "DE" and country == "FR"',
        'country in ["DE"] and country not in ["DE", "FR"]',
        "seq and not seq",
        "present(ip) and not present(ip)",
        "n > 5 and (n < 2 or n == 4)",
        "mean > amount and not mean > amount",
        "amount < amount",
        'amount == "x"',
        "mean > 2 and not present(mean)",
        'mcc == 5 and mcc == "5"',
    ],
)
def test_a_contradiction_cannot_hold(text: str) -> None:
    assert not can_hold(read(text), {"n": (0, None)})


@pytest.mark.parametrize(
    "text",
    [
        "n >= 0",
        "not n > 5 and not n < 6",
        "mean > 1 and mean < 1.0001",
        'country > "A" and country < "B"',
        "country in empty",
        "amount > mean and mean > amount",
        'not mcc == 5 and not mcc == "5"',
        "amount > 1 and amount <= 1.0001",
        "seq or not seq",
    ],
)
def test_what_some_event_meets_can_hold(text: str) -> None:
    assert can_hold(read(text), {"n": (0, None)})


def test_a_condition_that_every_event_meets_cannot_fail() -> None:
    assert not can_fail(read("n > 5 or not n > 5"))
    assert not can_fail(read("present(ip) or not present(ip)"))
    assert can_fail(read("n > 5 or n <= 5")), "both are false of an absent value"


def test_a_stricter_condition_implies_the_looser_one() -> None:
    assert implies(read("n > 5"), read("n >= 6"))
    assert implies(read("n >= 6 and amount > 3"), read("n > 5"))
    assert not implies(read("n > 5"), read("n > 6"))
    assert not implies(read("mean > 5"), read("mean >= 6"))


def test_too_many_alternatives_leave_the_question_open() -> None:
    text = " and ".join(f"(n == {i} or age == {i})" for i in range(20))
    assert can_hold(read(f"{text} and n > 5 and n < 5"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("n > 5 and amount < 3", "amount < 3 and n > 5"),
        ("5 < n", "n > 5"),
        ("1 < n < 5", "n < 5 and 1 < n"),
        ("n > 5.0", "n > 5"),
        ("not not seq", "seq"),
        ('country in ["B", "A"]', 'country in ["A", "B", "A"]'),
        ("n > 1 and (age > 2 and amount > 3)", "(n > 1 and age > 2) and amount > 3"),
        ("amount > mean + 4 * n", "4 * n + mean < amount"),
    ],
)
def test_ways_to_write_the_same_have_one_normal_form(one: str, other: str) -> None:
    assert normal(read(one)) == normal(read(other))


def test_different_conditions_have_different_normal_forms() -> None:
    texts = [
        "n > 5",
        "n >= 5",
        "age > 5",
        "n > 5 or age > 5",
        "n > 5 and age > 5",
        "not n > 5",
        "mean - n > 1",
        "n - mean > 1",
    ]
    assert len({normal(read(text)) for text in texts}) == len(texts)


ATOMS = st.sampled_from(
    [
        "n > 2",
        "n >= 2",
        "n < 3",
        "n == 2",
        "n != 2",
        "mean > 0.5",
        "mean < 0.5",
        "amount > 1",
        "amount <= 1.0001",
        'country == "A"',
        'country < "B"',
        'country in ["A", "C"]',
        'country not in ["A"]',
        "seq",
        "present(ip)",
        "mcc == 5",
        'mcc != "x"',
        "mean > amount",
        "n > mean",
    ]
)
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda part: f"(not {part})"),
    ),
    max_leaves=6,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(0, 5),
        "mean": st.sampled_from([0.0, 0.25, 0.5, 1.0, 7.5]),
        "amount": st.sampled_from([0, 10_000, 10_001, 20_000]),
        "country": st.sampled_from(["", "A", "AB", "B", "C"]),
        "seq": st.booleans(),
        "ip": st.just("1"),
        "mcc": st.sampled_from([5.0, 6.0, "x", "5", True]),
    },
)


@settings(max_examples=examples(300))
@given(TEXTS, VALUES)
def test_what_is_said_never_to_hold_or_to_fail_never_does(text: str, values: dict[str, Any]) -> None:
    condition = read(text)
    holds = predicate(condition)(values)
    assert not holds or can_hold(condition, {"n": (0, None)}), text
    assert holds or can_fail(condition, {"n": (0, None)}), text
