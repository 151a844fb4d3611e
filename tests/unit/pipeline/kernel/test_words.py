"""Words made of fields: what rules are handed of them in the kernel and in Python; letters one by one."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from pipeline.records import letters
from pipeline.rules.ruleset import PlanSettings, RuleSet, parse
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import values_of
from tests.examples import each_seed
from tests.kernel_process import KernelProcess
from tests.random_streams import random_log
from tests.streams import START_MS, Feature, FieldValue, Row, content, write_value

WORDS = ("hour", "weekday", "day", "amount_in(EUR)", "amount_in(USD)", "ip_net", "tip", "tag", "flag", "mcc")


def rules() -> RuleSet:
    """One that looks at every word, and keys of every kind."""
    features = [
        Feature("by_net", "ip_net", "count", window_ms=60_000),
        Feature("by_pair", "card_id+merchant_id", "count", window_ms=60_000),
        Feature("spent", "user_id", "sum", "amount_in(EUR)", window_ms=60_000),
    ]
    made = content(features)
    made["rules"] = {
        f"r{number}": {"when": f"present({word})", "points": 1}
        if "(" not in word
        else {"when": f"{word} > 1", "points": 1}
        for number, word in enumerate((*WORDS, *(feature.name for feature in features)))
    }
    return parse(made)


def of_kernel(kernel: KernelProcess, ruleset: RuleSet, rows: tuple[Row, ...]) -> list[list[Any]]:
    answers = kernel.run(ruleset.plan(), rows, "append")
    return [one["values"] for one in answers if "values" in one]


def of_python(ruleset: RuleSet, rows: tuple[Row, ...]) -> list[list[Any]]:
    records = [Record(row.partition, row.offset, row.append_ms, row.value, row.headers) for row in rows]
    scored = Reference(ruleset.plan()).process(stamp(records))
    return [list(values_of(one, ruleset)) for one in scored if not one.duplicate]


@pytest.mark.parametrize("seed", each_seed(2))
def test_rules_are_handed_the_same_values_by_the_kernel_as_by_the_specification(
    kernel: KernelProcess, seed: int
) -> None:
    rows = random_log(random.Random(seed), 150)
    given = [
        [float(v) if isinstance(v, Decimal) else v for v in row] for row in of_kernel(kernel, rules(), rows)
    ]
    assert given == of_python(rules(), rows)


def test_every_letter_is_made_small_by_the_same_table(kernel: KernelProcess) -> None:
    points = [point for block in letters.BLOCKS for point in block if point] + [0x10400, 0x2C00, 0xFF21]
    made = content([Feature("n", "user_id", "count", window_ms=60_000)])
    made["features"]["n"]["where"] = "lower(tag) == mcc"
    rows = [letter(number, point) for number, point in enumerate(points)]
    answers = kernel.run(parse(made).plan(PlanSettings(max_entries=10_000)), rows, "append")
    assert answers[-1]["features"]["n"] == len(points)


def letter(number: int, point: int) -> Row:
    """A payment whose tag is a letter, and whose mcc is what Python makes of it."""
    fields: dict[str, FieldValue] = {"event_id": f"e{number}", "user_id": "u", "event_time": START_MS}
    fields |= {"amount": 0, "tag": chr(point), "mcc": letters.lowered(chr(point))}
    return Row(0, number, START_MS, write_value(fields, random.Random(0)), fields)
