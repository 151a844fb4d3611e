"""Which column is which field by its name, where several could be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.inspection.names import rank
from tests.unit.fraudctl.inspection.asked import ISO, inspected, put


@pytest.mark.parametrize(
    ("field", "likelier", "other"),
    [
        ("amount", "total_amount", "discount_amount"),
        ("amount", "order.amount", "fee.amount"),
        ("amount", "payment.amount.value", "shipping.amount.value"),
        ("event_time", "txn_date", "birth_date"),
        ("event_time", "payment.created_at", "customer.created_at"),
        ("event_id", "payload.id", "customer.id"),
        ("event_id", "payment.id", "merchant.id"),
        ("user_id", "from_account_number", "to_account_number"),
        ("user_id", "payer_account_id", "merchant_account_id"),
        ("label", "fraud_reported", "not_fraud"),
        ("label", "confirmed_fraud", "fraud_score"),
        ("label", "is_fraud", "is_flagged_fraud"),
        ("label", "confirmed_fraud", "fraud_alert"),
        ("label", "Is Laundering", "Laundering score"),
        ("event_time", "TX_DATETIME", "TX_TIME_SECONDS"),
        ("currency", "amount.currency", "fee.currency"),
        ("amount", "amount", "amount.value"),
        ("user_id", "data.user_id", "source"),
        ("user_id", "Email", "Source"),
        ("amount", "Source amount (after fees)", "Source fee amount"),
        ("amount", "\u91d1\u989d", "\u624b\u7eed\u8d39"),
    ],
)
def test_the_name_that_is_likelier_comes_first(field: str, likelier: str, other: str) -> None:
    found, behind = rank(field, likelier), rank(field, other)
    assert found is not None
    assert behind is None or found < behind


def test_what_else_an_order_holds_is_not_what_was_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one: dict[str, Any] = {
        "customer": {"id": "c1", "created_at": "2020-01-01T00:00:00Z"},
        "discount_amount": 1.0,
        "payment": {"id": "p1", "created_at": ISO.format(0)},
        "total_amount": 12.5,
    }
    mapping, _, _ = inspected(capsys, put(tmp_path, json.dumps(one), "x.jsonl"))
    assert mapping["map"] == {
        "event_id": "payment.id",
        "event_time": "payment.created_at",
        "amount": "total_amount",
        "user_id": "customer.id",
    }


def test_a_kind_of_card_or_device_is_no_card_and_no_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ["Visa,mobile", "Mastercard,desktop", "American Express,iOS"]
    rows = [f"e{n},u,{ISO.format(n)},1.5,{cell}" for n, cell in enumerate(cells)]
    path = put(tmp_path, "\n".join(["event_id,user_id,event_time,amount,card,device", *rows]))
    assert inspected(capsys, path)[0] == {}


@pytest.mark.parametrize(
    ("day", "clock"), [("Buchungsdatum", "Erfassungszeit"), ("Buch.dat.", "Uhrzeit"), ("Belegdatum", "Zeit")]
)
def test_a_day_and_its_clock_are_one_time_as_books_name_them(
    day: str, clock: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"Belegnummer;Debitor;{day};{clock};Betrag\nb1;d1;28.11.2026;10:00:00;1.234,50-\n"
    mapping, read, _ = inspected(capsys, put(tmp_path, text))
    assert (mapping["map"]["event_time"], mapping["map"]["user_id"]) == (f"{day}+{clock}", "Debitor")
    assert (read["accepted"], read["from"]) == (1, "2026-11-28T10:00:00.000Z")


def test_of_one_time_in_two_columns_the_moment_is_taken_and_not_the_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heading = "event_id,user_id,amount,Order Charged Date,Order Charged Timestamp"
    path = put(tmp_path, f"{heading}\ne1,u,1.5,2026-11-28,1795860000\n")
    assert inspected(capsys, path)[0]["map"] == {"event_time": "Order Charged Timestamp"}
    path = put(tmp_path, f"{heading.replace('Charged T', 'Shipped T')}\ne1,u,1.5,2026-11-28,1795860000\n")
    assert inspected(capsys, path)[0]["map"] == {"event_time": "Order Charged Date"}
