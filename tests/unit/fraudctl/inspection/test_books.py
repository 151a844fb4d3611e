"""Amounts as books have them: debit and credit, signs, brackets, currencies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.files.rows import RefusedRow, Row
from tests.unit.fraudctl.inspection.asked import (
    ISO,
    PLAIN,
    inspected,
    notes,
    open_notes,
    put,
    read,
    with_amounts,
)

BOOK = "event_id,user_id,event_time,{},{}"


def book(folder: Path, names: tuple[str, str], *cells: tuple[str, str]) -> Path:
    lines = (f'e{n},u{n},{ISO.format(n)},"{one}","{other}"' for n, (one, other) in enumerate(cells))
    return put(folder, "\n".join([BOOK.format(*names), *lines]))


@pytest.mark.parametrize(
    ("names", "cells", "said", "units"),
    [
        (("Debit", "Credit"), [("12.50", ""), ("", "3.00")], "Debit-Credit", [125_000, -30_000]),
        (("Soll", "Haben"), [("12.50", "0.00"), ("0.00", "3.00")], "Soll-Haben", [125_000, -30_000]),
        (("Debit", "Credit"), [("-12.50", ""), ("", "3.00")], "Debit+Credit", [-125_000, 30_000]),
        (("Paid out", "Paid in"), [("12.50", ""), ("", "3.00")], "Paid out-Paid in", [125_000, -30_000]),
        (("Gross Debit (GC)", "Gross Credit (GC)"), [("12.50", ""), ("", "3.00")],
         "Gross Debit (GC)-Gross Credit (GC)", [125_000, -30_000]),
        (("Debit Amount", "Credit Amount"), [("12.50", ""), ("", "3.00")], "Debit Amount-Credit Amount",
         [125_000, -30_000]),
    ],
)  # fmt: skip
def test_debit_and_credit_in_columns_of_their_own_are_one_amount(
    names: tuple[str, str],
    cells: list[tuple[str, str]],
    said: str,
    units: list[int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = book(tmp_path, names, *cells)
    mapping, counts, _ = inspected(capsys, path)
    assert (mapping, counts["accepted"]) == ({"map": {"amount": said}}, len(cells))
    rows = read(path, fields={"amount": said})
    assert [row.transaction.amount_units for row in rows if isinstance(row, Row)] == units
    assert all(not set(names) & set(row.transaction.fields) for row in rows if isinstance(row, Row))
    turned = f"{names[1]}-{names[0]}"
    assert inspected(capsys, path, "--map", f"amount={turned}")[0] == {"map": {"amount": turned}}


def test_the_side_with_more_rows_is_what_payments_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = book(tmp_path, ("Debit", "Credit"), ("", "12.50"), ("3.00", ""), ("", "7.00"))
    assert inspected(capsys, path)[0] == {"map": {"amount": "Credit-Debit"}}
    rows = read(path, fields={"amount": "Credit-Debit"})
    assert [row.transaction.amount_units for row in rows if isinstance(row, Row)] == [
        125_000,
        -30_000,
        70_000,
    ]


def test_of_a_settlement_the_gross_amounts_are_taken_and_not_the_net_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heading = "event_id,user_id,event_time,Net Debit (NC),Net Credit (NC),Gross Debit (GC),Gross Credit (GC)"
    rows = [f"e0,u,{ISO.format(0)},,12.30,,12.50", f"e1,u,{ISO.format(1)},,6.90,,7.00"]
    path = put(tmp_path, "\n".join([heading, *rows, f"e2,u,{ISO.format(2)},5.00,,5.00,"]))
    mapping, counts, _ = inspected(capsys, path)
    assert mapping == {"map": {"amount": "Gross Credit (GC)-Gross Debit (GC)"}}
    assert counts["accepted"] == 3


def test_a_column_of_exponents_says_that_amounts_are_in_minor_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def cents(amount: str, exponent: str) -> dict[str, Any]:
        row = f"e,u,{ISO.format(0)},{amount},EUR,{exponent}"
        return inspected(capsys, put(tmp_path, f"{PLAIN},currency,exponent\n{row}\n"))[0]

    assert cents("1250", "2") == {"minor_units": True}
    assert (cents("12.50", "2"), cents("1250", "7")) == ({}, {})


def test_rows_with_both_or_neither_of_debit_and_credit_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, ("Debit", "Credit"), ("1", "2"), ("", ""), ("0", "0"), ("3", ""))
    rows = read(path, fields={"amount": "Debit-Credit"})
    assert [row.code if isinstance(row, RefusedRow) else row.transaction.amount_units for row in rows] == [
        "bad_amount",
        "missing_field",
        0,
        30_000,
    ]


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_debit_and_credit_are_one_amount_in_any_format(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"event_id": "a", "user_id": "u", "event_time": ISO.format(0), "debit": 12.5, "credit": None},
        {"event_id": "b", "user_id": "u", "event_time": ISO.format(1), "debit": None, "credit": 3.0},
    ]
    if name.endswith("parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = tmp_path / name
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path = put(tmp_path, "\n".join(map(json.dumps, rows)), name)
    mapping, counts, _ = inspected(capsys, path)
    assert (mapping, counts["accepted"]) == ({"map": {"amount": "debit-credit"}}, 2)


def test_a_column_that_tells_debits_from_credits_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},1.5,{'CR' if n else 'DR'}" for n in range(2)]
    path = put(tmp_path, "\n".join([f"{PLAIN},type", *rows]))
    told = notes(capsys, path, "assumed")
    assert "type holds CR and DR, and amount has no sign: taken as it is written" in told


@pytest.mark.parametrize(
    ("amounts", "mapping"),
    [
        (["(1,234.50)", "7.00-", "$3.50"], {"decimal": "."}),
        (["\u20ac -12,50", "3,00 \u20ac", "(4,25 \u20ac)"], {"decimal": ",", "currency": "EUR"}),
        (["1.234,56-", "12,00", "3,50"], {"decimal": ","}),
    ],
)
def test_amounts_below_zero_are_read_with_sign_bracket_and_currency(
    amounts: list[str], mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, counts, _ = inspected(capsys, with_amounts(tmp_path, *amounts))
    assert (found, counts["accepted"]) == (mapping, 3)


def test_lakhs_are_read_and_what_is_no_amount_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_amounts(tmp_path, "1,23,456.78", "12,34,567.00", "5.00")
    assert inspected(capsys, path)[0] == {"decimal": "."}
    units = [row.transaction.amount_units for row in read(path, decimal=".") if isinstance(row, Row)]
    assert units == [1_234_567_800, 12_345_670_000, 50_000]
    assert open_notes(capsys, with_amounts(tmp_path, "ca. 500")) == [
        "amount holds 'ca. 500', which is not read as an amount"
    ]


@pytest.mark.parametrize(
    ("cells", "mapping", "units"),
    [
        (["Rs. 1,200.50", "Rs 12", "rs.7.25"], {"decimal": "."}, [12_005_000, 120_000, 72_500]),
        (["Rs. 1,200.50", "₹ 12"], {"decimal": ".", "currency": "INR"}, [12_005_000, 120_000]),
        (["Rs.1,23,456/-", "Rs. 12/-"], {"decimal": "."}, [1_234_560_000, 120_000]),
        (
            ["US$ 12", "US$1,250.75", "-US$ 3.5"],
            {"decimal": ".", "currency": "USD"},
            [120_000, 12_507_500, -35_000],
        ),
        (["A$12.00", "AUD 5.50"], {"currency": "AUD"}, [120_000, 55_000]),
        (["12,50 kr", "1 200,00 kr.", "KR 15,00"], {"decimal": ","}, [125_000, 12_000_000, 150_000]),
        (["12,50 zł", "1.200,00 zł"], {"decimal": ",", "currency": "PLN"}, [125_000, 12_000_000]),
        (
            ["1.200,50 EUR", "12 eur", "3,- Eur"],
            {"decimal": ",", "currency": "EUR"},
            [12_005_000, 120_000, 30_000],
        ),
        (
            ["12 €", "1.200,50 Euro", "7,5 euros"],
            {"decimal": ",", "currency": "EUR"},
            [120_000, 12_005_000, 75_000],
        ),
        (
            ["CHF 1'200.-", "7.50 SFr.", "3.--"],
            {"decimal": ".", "currency": "CHF"},
            [12_000_000, 75_000, 30_000],
        ),
    ],
)
def test_signs_abbreviations_and_words_of_currencies_are_cut_off(
    cells: list[str],
    mapping: dict[str, Any],
    units: list[int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = with_amounts(tmp_path, *cells)
    found, counts, _ = inspected(capsys, path)
    assert (found, counts["accepted"]) == (mapping, len(cells))
    assert [row.transaction.amount_units for row in read(path, **mapping) if isinstance(row, Row)] == units


def test_a_sign_of_another_currency_than_said_is_refused(tmp_path: Path) -> None:
    path = with_amounts(tmp_path, "US$ 1.00", "kr 2.00", "$ 3.00", "£ 4.00", "5.00")
    refused = [str(row.reason) for row in read(path, currency="EUR") if isinstance(row, RefusedRow)]
    assert refused == [
        "bad_amount: 'US$ 1.00' is in USD, not in EUR",
        "bad_amount: 'kr 2.00' is in SEK or NOK or DKK or ISK, not in EUR",
        "bad_amount: '£ 4.00' is in GBP, not in EUR",
    ]
    assert len([row for row in read(path, currency="FKP") if isinstance(row, Row)]) == 3


def test_a_column_of_minutes_or_pieces_is_no_currency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_notes(capsys, with_amounts(tmp_path, "5 min", "12 pcs")) == [
        "amount holds '5 min', which is not read as an amount"
    ]
