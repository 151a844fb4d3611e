"""Amounts as they are written: decimal signs, thousands, currencies, rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, notes, open_notes, put, with_amounts


@pytest.mark.parametrize(
    ("amounts", "mapping"),
    [
        (["1'234.50", "7.00", "3.50"], {"decimal": "."}),
        (["1\u202f234", "7", "3"], {"decimal": "."}),
        (["1.234.567", "25.000", "3"], {"decimal": ","}),
        (["10.50 EUR", "-3.00 EUR", "(4.25 EUR)"], {"currency": "EUR"}),
        (["12.50-", "(3.25)", "7.50"], {}),
        (["0.5", "1.75", "3"], {"round": 0}),
    ],
)
def test_amounts_are_read_as_they_are_meant(
    amounts: list[str], mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--round", "0"] if "round" in mapping else []
    found, read, _ = inspected(capsys, with_amounts(tmp_path, *amounts), *words)
    assert (found, read["accepted"]) == (mapping, 3)
    assert read["notes"] == (["2 amounts rounded"] if words else [])


@pytest.mark.parametrize(
    ("amounts", "words", "more"),
    [
        (["1.250,00", "12,50", "3,10"], ["--decimal", ","], {"decimal": ","}),
        (["1.250,00", "12,50", "3,10"], [], {"decimal": ","}),
        (["12,123456", "12,50", "3,10"], [], {"decimal": ",", "round": 4}),
        (["12,123456", "12,50", "3,10"], ["--decimal", ","], {"decimal": ",", "round": 4}),
        (["1,250.123456", "12.50", "3.10"], ["--decimal", "."], {"decimal": ".", "round": 4}),
    ],
)
def test_digits_are_counted_behind_the_sign_that_parts_the_decimals(
    amounts: list[str],
    words: list[str],
    more: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, read, _ = inspected(capsys, with_amounts(tmp_path, *amounts), *words)
    assert (found, read["accepted"]) == (more, 3)


def test_of_a_column_of_amounts_that_is_not_taken_for_one_the_cell_is_shown_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f'e{n},u,{ISO.format(n)},"{amount}"' for n, amount in enumerate(("12,50", "1.250,00", "abc"))]
    notes = open_notes(capsys, put(tmp_path, "\n".join(["event_id,user_id,event_time,value", *rows])))
    assert any("'abc', which is not read as an amount" in note for note in notes)


def test_one_amount_that_is_written_otherwise_is_refused_and_changes_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f'e{n},u,2024-05-01T10:00:{n:02d}Z,"{n}.50"' for n in range(30)]
    path = put(tmp_path, "\n".join([PLAIN, *rows, 'e99,u,2024-05-01T10:01:00Z,"1,5"']))
    mapping, read, _ = inspected(capsys, path)
    assert (mapping, read["refused_by_reason"], read["accepted"]) == ({"decimal": "."}, {"bad_amount": 1}, 30)


@pytest.mark.parametrize(
    ("heading", "mapping"),
    [
        ("Amount (EUR)", {"map": {"amount": "Amount (EUR)"}, "currency": "EUR"}),
        ("amount_usd", {"map": {"amount": "amount_usd"}, "currency": "USD"}),
        ("amount_all", {"map": {"amount": "amount_all"}}),
        ("amount_min", {"map": {"amount": "amount_min"}}),
    ],
)
def test_the_name_of_a_column_may_say_the_currency(
    heading: str, mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},{n}.50" for n in range(2)]
    path = put(tmp_path, "\n".join([f"event_id,user_id,event_time,{heading}", *rows]))
    found, read, _ = inspected(capsys, path)
    assert (found, read["accepted"]) == (mapping, 2)


def test_the_currency_of_something_else_is_not_that_of_the_amount(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},{n}.50,USD" for n in range(2)]
    path = put(tmp_path, "\n".join(["event_id,user_id,event_time,Amount (EUR),Foreign Currency", *rows]))
    assert inspected(capsys, path)[1]["currencies"] == {"EUR": 2}
    path = put(tmp_path, "\n".join(["event_id,user_id,event_time,Amount (EUR),currency", *rows]))
    assert inspected(capsys, path)[1]["currencies"] == {"USD": 2}


@pytest.mark.parametrize(
    ("amounts", "currency", "asked"),
    [
        (["1.250", "25", "12.000"], "EUR", True),
        (["1.250", "25.50", "12.000"], "EUR", False),
        (["1.250", "0.125"], "EUR", False),
        (["1.250", "12.000"], "KWD", False),
    ],
)
def test_a_point_that_may_part_thousands_is_asked_about(
    amounts: list[str], currency: str, asked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},{amount},{currency}" for n, amount in enumerate(amounts)]
    path = put(tmp_path, "\n".join(["event_id,user_id,event_time,amount,currency", *rows]))
    if not asked:
        assert inspected(capsys, path)[0] == {}
        return
    assert open_notes(capsys, path) == ["amount shows a point that may part decimals or thousands: '1.250'"]
    assert inspected(capsys, path, "--decimal", ",")[0] == {"decimal": ","}
    assert inspected(capsys, path, "--decimal", ".")[0] == {"decimal": "."}


def test_signs_of_several_currencies_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_amounts(tmp_path, "\u20ac5", "$5", "\u20ac6")
    assert "amount shows \u20ac and $: rows with another than the first are refused" in notes(
        capsys, path, "assumed"
    )
    assert inspected(capsys, path)[1]["refused_by_reason"] == {"bad_amount": 1}
