"""Programs of conditions: those that can be run, and those that somebody else has written wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.rules.expression.parse import parse
from pipeline.rules.expression.postfix import is_program, program
from pipeline.rules.expression.tree import Literal, Names

NAMES = Names(frozenset({"age", "mcc"}), {}, {"risky": (Literal("KP"), Literal("IR")), "none": ()})
AMOUNT = ["field", "amount"]
FIVE = ["num", "5"]


@pytest.mark.parametrize(
    "text",
    [
        "amount > 5",
        "not country in risky",
        "country not in none",
        "present(ip) and (amount < 1.5 or age != 'x')",
        "country in risky or not (amount >= 2 and present(mcc))",
    ],
)
def test_what_is_made_of_a_condition_can_be_run(text: str) -> None:
    assert is_program(program(parse(text, NAMES)))


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        [AMOUNT, FIVE],
        [AMOUNT, ["gt"]],
        [AMOUNT, FIVE, ["gt"], FIVE, ["lt"]],
        [AMOUNT, ["list", [FIVE]], ["gt"]],
        [AMOUNT, FIVE, ["in"]],
        [["list", [FIVE]]],
        [AMOUNT, ["list", [AMOUNT]], ["in"]],
        [AMOUNT, ["num", "five"], ["gt"]],
        [AMOUNT, ["num", 5], ["gt"]],
        [AMOUNT, FIVE, ["loop"]],
        [AMOUNT, FIVE, "gt"],
        [["and"]],
    ],
)
def test_what_cannot_be_run_is_no_program(written: Any) -> None:
    assert not is_program(written)
