"""The expression language: one table of cases, evaluated both ways, and what is refused."""

import json
from decimal import Decimal
from typing import Any

import pytest

from pipeline.records.events import Transaction
from pipeline.rules.expression.compile import predicate
from pipeline.rules.expression.parse import ExpressionError, parse
from pipeline.rules.expression.postfix import holds, program
from pipeline.rules.expression.tree import Kind, Literal, Names, names_in
from tests.unit.pipeline.rules.expression.expression_cases import CASES, EXTRA_FIELDS, transaction

LISTS = {"risky": (Literal("KP"), Literal("IR"))}
WHERE_NAMES = Names(EXTRA_FIELDS, {}, LISTS, allows_arithmetic=False)


def values(tx: Transaction) -> dict[str, Any]:
    names = ("event_id", "user_id", "amount", *tx.fields)
    return {name: tx.get(name) for name in names}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["where"])
def test_a_condition_holds_as_the_table_says_in_postfix_and_in_python(case: dict[str, Any]) -> None:
    condition = parse(case["where"], WHERE_NAMES)
    tx = transaction(case["fields"])
    results = {
        "postfix": holds(json.loads(json.dumps(program(condition))), tx),
        "python": predicate(condition)(values(tx)),
    }
    assert results == {"postfix": case["expected"], "python": case["expected"]}


RULE_NAMES = Names(
    EXTRA_FIELDS,
    {"n": Kind.INT, "total": Kind.MONEY, "mean": Kind.FLOAT, "seen": Kind.BOOL, "before": Kind.TEXT},
    LISTS,
)


RULE_CASES: list[tuple[str, dict[str, Any], bool]] = [
    ("n >= 5", {"n": 5}, True),
    ("n > 4.5", {"n": 5}, True),
    ("n < 4.5", {"n": 5}, False),
    ("n == 5.0", {"n": 5}, True),
    ("n == 4.5", {"n": 5}, False),
    ("n != 4.5", {"n": 5}, True),
    ("n != 4.5", {}, False),
    ("n in [1, 2.5, 3]", {"n": 3}, True),
    ("seen", {"seen": True}, True),
    ("seen and n > 1", {"seen": False, "n": 2}, False),
    ("before != country", {"before": "DE", "country": "FR"}, True),
    ("before != country", {"country": "FR"}, False),
    ("total > 0.3", {"total": 3000}, False),
    ("total >= amount", {"total": 125_000, "amount": 125_000}, True),
    ("total + amount == 0.3", {"total": 1000, "amount": 2000}, True),
    ("total - amount < 0", {"total": 1000, "amount": 2000}, True),
    ("-total == -0.1", {"total": 1000}, True),
    ("abs(total - amount) == 0.1", {"total": 1000, "amount": 2000}, True),
    ("max(total, amount) == 0.2 and min(total, amount) == 0.1", {"total": 1000, "amount": 2000}, True),
    ("total > n", {"total": 50_001, "n": 5}, True),
    ("n >= total", {"total": 50_001, "n": 5}, False),
    ("amount > 3 * mean", {"amount": 300_001, "mean": 10.0}, True),
    ("amount > 3 * mean", {"amount": 300_001}, False),
    ("amount * 2 == 0.2", {"amount": 1000}, True),
    ("amount / total == 0.5", {"amount": 1000, "total": 2000}, True),
    ("amount / total != 0.5", {"amount": 1000, "total": 0}, False),
    ("not amount / total > 0", {"amount": 1000, "total": 0}, True),
    ("1 / (n - 5) / (n - 4) > 0", {"n": 5}, False),
    ("n / 2 == 2.5", {"n": 5}, True),
    ("n + n == 10", {"n": 5}, True),
    ("-n < -4", {"n": 5}, True),
    ("abs(n) == 5", {"n": -5}, True),
    ("mcc * 2 > 10", {"mcc": 5.5}, True),
    ("mcc * 2 > 10", {"mcc": "5.5"}, False),
    ("mcc * 2 > 10", {"mcc": True}, False),
    ("mcc > total", {"mcc": 0.2, "total": 1000}, True),
    ("mcc == n", {"mcc": 5.0, "n": 5}, True),
    ("mcc == before", {"mcc": "x", "before": "x"}, True),
    ("mcc == seen", {"mcc": True, "seen": True}, True),
    ("max(n, mean, 3) == 7.5", {"n": 5, "mean": 7.5}, True),
    ("mean * 1e307 * 1000 > 1e307", {"mean": 5.0}, True),
    ("present(before) and not present(mean)", {"before": ""}, True),
    ("seen == True", {"seen": True}, True),
    ("n == before", {"n": 5, "before": "5"}, False),
]


@pytest.mark.parametrize(("text", "raw", "expected"), RULE_CASES)
def test_a_rule_sees_features_money_and_arithmetic(text: str, raw: dict[str, Any], expected: bool) -> None:
    assert predicate(parse(text, RULE_NAMES))(raw) is expected


def test_a_condition_becomes_a_postfix_program() -> None:
    condition = parse("0 < amount < 5 and not (country in risky or present(mcc)) and flag", WHERE_NAMES)
    assert program(condition) == [
        ["num", "0"],
        ["field", "amount"],
        ["lt"],
        ["field", "amount"],
        ["num", "5"],
        ["lt"],
        ["and"],
        ["field", "country"],
        ["list", [["str", "KP"], ["str", "IR"]]],
        ["in"],
        ["present", "mcc"],
        ["or"],
        ["not"],
        ["and"],
        ["field", "flag"],
        ["and"],
    ]


def test_the_names_of_a_condition_come_in_order_with_repeats() -> None:
    condition = parse("n > 1 and (total / n > mean or not present(before))", RULE_NAMES)
    assert [name.name for name in names_in(condition)] == ["n", "total", "n", "mean", "before"]


REFUSED = [
    ("", "column 1: not an expression"),
    ("amount >", "column 1: not an expression"),
    ("amount", "column 1: amount is money, not a condition: compare it"),
    ("amount > 5 and country", "column 16: country is text, not a condition: compare it"),
    ("True", "column 1: not a condition such as amount > 5 or present(country)"),
    ("1 < 2", "column 1: compares two constants"),
    ("amount > 5 > 3", "column 10: compares two constants"),
    ("amount is None", "column 11: `is` is not in the language"),
    ("amount == None", "column 11: None is not a constant of the language"),
    ("amount == 0x10", "column 11: 0x10 is not a constant of the language"),
    ("amount == 1j", "column 11: 1j is not a constant of the language"),
    ("amount == b'x'", "column 11: b'x' is not a constant of the language"),
    ("amount < 1e400", "column 10: a number must stay below 1e308"),
    ("country == '\\ud800'", "column 12: a text holds NUL or a lone surrogate"),
    ("country == '\\0'", "column 12: a text holds NUL or a lone surrogate"),
    ("amont > 5", "column 1: amont is neither a feature nor a field"),
    ("'é' == amont", "column 8: amont is neither a feature nor a field"),
    ("event_time > 5", "column 1: event_time cannot be compared"),
    ("risky == 5", "column 1: risky is a list: use it after in"),
    ("country in nowhere", "column 12: no list is named nowhere"),
    ("country in 'DE'", "column 12: a list of constants or the name of a list is needed after in"),
    ("country in ['DE', 5]", "column 19: a list holds constants of one kind"),
    ("country in ['DE', channel]", "column 19: a list in an expression holds constants only"),
    ("'DE' in risky", "column 1: only a field or a feature can be looked up in a list"),
    ("amount.real > 5", "column 1: an attribute cannot be a value here"),
    ("amount[0] > 5", "column 1: a subscript cannot be a value here"),
    ("__import__('os') == 5", "column 1: this call cannot be a value here"),
    ("amount ** 2 > 5", "column 1: BinOp cannot be a value here"),
    ("amount % 2 > 5", "column 1: BinOp cannot be a value here"),
    ("(lambda: 5) == amount", "column 2: a lambda cannot be a value here"),
    ("f'{amount}' == 'x'", "column 1: an f-string cannot be a value here"),
    ("(x := 5) == amount", "column 2: an assignment cannot be a value here"),
    ("present(5)", "column 1: present takes the name of one field or feature"),
    ("present(amount, country)", "column 1: present takes the name of one field or feature"),
    ("print(amount)", "column 1: not a condition"),
    ("min(amount) > 5", "column 1: this call cannot be a value here"),
    ("country + country == 'x'", "column 1: arithmetic on text"),
    ("amount + 'x' > 5", "column 10: arithmetic on text"),
    ("seen * 2 > 5", "column 1: arithmetic on truth value"),
    ("+amount > 5", "column 1: a plus sign belongs before a number only"),
    ("amount > 5; amount", "column 11: not an expression"),
    ("amount > 5 if seen else seen", "column 1: not a condition"),
    ("(" * 250 + "amount" + ")" * 250 + " > 5", "not an expression"),
    ("not " * 40 + "seen", "column 1: nested deeper than 30"),
    ("amount > 5" + " " * 2000, "column 2001: longer than 2000 characters"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_not_in_the_language_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text, RULE_NAMES)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amount + 1 > 5", "column 1: a where knows no arithmetic"),
        ("n > 5", "column 1: n is not a transaction field"),
    ],
)
def test_a_where_knows_neither_features_nor_arithmetic(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text, WHERE_NAMES)
    assert message in str(refused.value)


def test_literals_keep_their_digits() -> None:
    condition = parse("amount == 0.10000000000000000000001", WHERE_NAMES)
    assert program(condition)[1] == ["num", str(Decimal("0.10000000000000000000001"))]
