"""Amounts as files write them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudctl.errors import UsageError
from fraudctl.files.rows import RefusedRow
from tests.unit.fraudctl.files.as_read import (
    DAY,
    PLAIN,
    codes,
    file,
    fired,
    hint_of,
    judged,
    reading,
    refused,
    rows_of,
    sent,
    values,
)


def test_a_decimal_comma_is_asked_about_and_then_read(tmp_path: Path) -> None:
    cells = ['"9,50"', "-2.000", "31.000", '"1.234,56"', '"1\'000,5"']
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,{cell}" for n, cell in enumerate(cells)]
    path = file(tmp_path, "\n".join([PLAIN, *lines]))
    message, hint = hint_of(path)
    assert message == "x.csv line 2: amount shows a comma: '9,50'"
    assert hint == "say what parts the decimals: --decimal , (or --decimal .)"
    assert [one["amount"] for one in sent(rows_of(path, decimal=","))] == [9.5, -2000, 31000, 1234.56, 1000.5]
    assert fired(judged(path, decimal=",")) == {"large": 3}


def test_commas_between_thousands_are_read_when_the_point_is_said_to_part_decimals(tmp_path: Path) -> None:
    path = file(tmp_path, f'{PLAIN}\ne1,u,{DAY}10:00Z,"1,234.5"\ne2,u,{DAY}10:00Z,"12,50"\n')
    assert hint_of(path)[1].startswith("say what parts the decimals: --decimal .")
    rows = rows_of(path, decimal=".")
    assert [one["amount"] for one in sent(rows)] == [1234.5]
    assert refused(rows) == [(3, "bad_amount: '12,50' is no number with the decimal sign '.'")]


def test_minor_units_follow_the_exponent_of_each_currency(tmp_path: Path) -> None:
    cells = ["1050,eur", "1050,jpy", "1050,KWD", "10.5,EUR", "7,", "105000,CLF"]
    lines = [f"e{n},u,{DAY}10:00:0{n}Z,{cell}" for n, cell in enumerate(cells)]
    path = file(tmp_path, "\n".join([PLAIN + ",currency", *lines]))
    rows = rows_of(path, minor_units=True)
    assert [(one["amount"], one["currency"]) for one in sent(rows)] == [
        (10.5, "EUR"),
        (1050, "JPY"),
        (1.05, "KWD"),
        (10.5, "CLF"),
    ]
    assert refused(rows) == [
        (5, "bad_amount: 10.5 is no whole number of minor units"),
        (6, "bad_amount: no currency says how many minor units there are; see --currency"),
    ]
    assert sent(rows_of(path, minor_units=True, currency="usd"))[3]["amount"] == 0.07


def amounts(folder: Path, cells: list[str], **options: Any) -> list[Decimal]:
    lines = [f"e{n}|u|{DAY}10:00Z|{cell}" for n, cell in enumerate(cells)]
    found = reading(file(folder, "\n".join([PLAIN.replace(",", "|"), *lines])), **options)
    return [Decimal(one) for one in values("amount", found)]


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        (
            ["12.50-", "(3)", "($7.25)", "$(1)", "\u22124", "- 5"],
            {},
            ["-12.5", "-3", "-7.25", "-1", "-4", "-5"],
        ),
        (["1'234.50", "1\u2009234", "2 000.5"], {"decimal": "."}, ["1234.5", "1234", "2000.5"]),
        (["1.234.567", "25.000", "(1,5)"], {"decimal": ","}, ["1234567", "25000", "-1.5"]),
        (["12.50 EUR", "EUR -3", "4 EUR-"], {"currency": "eur"}, ["12.5", "-3", "-4"]),
    ],
)
def test_amounts_are_read_as_bookkeepers_write_them(
    tmp_path: Path, cells: list[str], options: dict[str, Any], expected: list[str]
) -> None:
    assert amounts(tmp_path, cells, **options) == [Decimal(one) for one in expected]


@pytest.mark.parametrize(
    "cell", ["(-3)", "-3-", "(3", "3)", "()", "-(3)", "$3 EUR", "12 EUR", "12 USD", "1 2", "- -3"]
)
def test_what_is_no_amount_or_says_two_things_is_refused(tmp_path: Path, cell: str) -> None:
    assert amounts(tmp_path, [cell, "5"], currency="gbp", decimal=".") == [5]


def test_blanks_between_thousands_are_refused_with_the_option_that_reads_them(tmp_path: Path) -> None:
    found = list(reading(file(tmp_path, f"{PLAIN}\na,u,{DAY}10:00Z,1'234.50\n")))
    assert isinstance(found[0], RefusedRow)
    assert "say what parts the decimals: --decimal . (or --decimal ,)" in found[0].reason


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(("cell", "shown"), [("1.234.567", "several points"), ("12,50", "a comma")])
def test_nothing_is_guessed_of_a_column_that_shows_thousands(
    tmp_path: Path, ending: str, cell: str, shown: str
) -> None:
    cells = ["25.000", cell]
    rows = [
        {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": one}
        for n, one in enumerate(cells)
    ]
    path = tmp_path / f"x.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        path.write_text("\n".join([PLAIN, *(f'e,u,{DAY}10:00Z,"{one}"' for one in cells)]))
    with pytest.raises(UsageError, match=f"amount shows {shown}: '{cell}'") as caught:
        reading(path, kinds={"amount": "number"})
    assert caught.value.hint == "say what parts the decimals: --decimal , (or --decimal .)"
    found = reading(path, kinds={"amount": "number"}, decimal=",")
    assert values("amount", found) == [
        25_000,
        1_234_567 if "1" in cell[:2] and "." in cell else Decimal("12.5"),
    ]


def test_an_unknown_currency_has_no_minor_units(tmp_path: Path) -> None:
    text = "".join(f"{code},u,{DAY}10:00Z,1050,{code}\n" for code in ("trl", "XYZ", "XAU", "USD"))
    found = reading(file(tmp_path, f"{PLAIN},currency\n{text}"), minor_units=True)
    assert (values("amount", found), codes(found)) == (
        [1050, Decimal("10.5")],
        [(3, "bad_amount"), (4, "bad_amount")],
    )


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
@pytest.mark.parametrize(
    ("amounts", "currency", "asked"),
    [
        (["25.000", "7"], "EUR", True),
        (["25.000", "1.250"], "JPY", True),
        (["25.000", "7.5"], "EUR", False),
        (["0.125", "1.250"], "EUR", False),
        (["25.000", "1.250"], "kwd", False),
    ],
)
def test_points_that_may_part_thousands_are_asked_about_before_anything_is_read(
    amounts: list[str], currency: str, asked: bool, name: str, tmp_path: Path
) -> None:
    plain = {"user_id": "u", "currency": currency}
    rows = [
        plain | {"event_id": f"e{n}", "event_time": f"{DAY}10:0{n}Z", "amount": amount}
        for n, amount in enumerate(amounts)
    ]
    if name.endswith("csv"):
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        path = file(tmp_path, "\n".join(lines), name)
    elif name.endswith("jsonl"):
        path = file(tmp_path, "\n".join(map(json.dumps, rows)), name)
    else:
        path = tmp_path / name
        pq.write_table(pa.Table.from_pylist(rows), path)
    kinds = {"amount": "number"}
    if asked:
        assert "amount shows points that may part thousands: '25.000'" in hint_of(path, kinds=kinds)[0]
        assert values("amount", reading(path, kinds=kinds, decimal=","))[0] == 25_000
    assert values("amount", reading(path, kinds=kinds, decimal="."))[0] == Decimal(amounts[0])
