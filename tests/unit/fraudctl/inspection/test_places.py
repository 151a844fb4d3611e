"""Countries by names and other codes than two letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.files.countries import code_of
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, Row
from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, notes, put, read


def with_countries(folder: Path, *countries: str) -> Path:
    lines = (f'e{n},u{n},{ISO.format(n)},1.5,"{one}"' for n, one in enumerate(countries))
    return put(folder, "\n".join([f"{PLAIN},country", *lines]))


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (["Germany", "France", "united states"], ["DE", "FR", "US"]),
        (["DEU", "fra", "USA"], ["DE", "FR", "US"]),
        (["276", "250", "040"], ["DE", "FR", "AT"]),
        (["Deutschland", "UK", "C\u00f4te d\u2019Ivoire"], ["DE", "GB", "CI"]),
        (["Korea, Republic of", "South Korea", "Russian Federation"], ["KR", "KR", "RU"]),
        (["DE", "Germany", ""], ["DE", "DE", None]),
    ],
)
def test_names_and_other_codes_of_countries_become_their_two_letters(
    cells: list[str], codes: list[str | None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_countries(tmp_path, *cells)
    mapping, _, _ = inspected(capsys, path)
    assert mapping == {"country_codes": True}
    found = [
        row.transaction.fields.get("country")
        for row in read(path, country_codes=True)
        if isinstance(row, Row)
    ]
    assert found == codes
    assert inspected(capsys, path, "--countries-as-written")[0] == {}


@pytest.mark.parametrize("cells", [["DE", "fr", "US"], ["XK", "DE", "GB"]])
def test_two_letters_of_countries_need_no_option(
    cells: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inspected(capsys, with_countries(tmp_path, *cells))[0] == {}


def test_countries_that_are_none_are_told_and_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_countries(tmp_path, "256", "257", "1")
    told = notes(capsys, path, "assumed")
    assert "country holds '256', which is no country of ISO 3166: taken as it is written" in told
    reading = Reading(path, ReadOptions(country_codes=True), 65_536)
    assert [row.transaction.fields["country"] for row in reading if isinstance(row, Row)] == [
        "256",
        "257",
        "1",
    ]
    assert reading.notes() == ["3 countries are none of ISO 3166, and stay as they are written"]


def test_numbers_of_countries_in_json_are_codes_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": "u",
            "event_time": ISO.format(n),
            "amount": 1,
            "country": 276 - n * 26,
        }
        for n in range(2)
    ]
    path = put(tmp_path, "\n".join(map(json.dumps, rows)), "x.jsonl")
    mapping, counts, _ = inspected(capsys, path)
    assert (mapping["country_codes"], counts["accepted"]) == (True, 2)


def test_currencies_that_are_no_codes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("999", "Euro"):
        path = put(tmp_path, f"{PLAIN},currency\ne,u,{ISO.format(0)},1.5,{cell}\n")
        told = f"currency holds {cell!r}, which is no code of ISO 4217: taken as it is written"
        assert notes(capsys, path, "assumed") == [told]


def test_numbers_of_currencies_are_their_codes_whatever_their_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ["978", "036", "36", "392", "usd", "999"]
    lines = (f"e{n},u,{ISO.format(n)},1000,{cell}" for n, cell in enumerate(cells))
    path = put(tmp_path, "\n".join([f"{PLAIN},currency", *lines]))
    assert "currency has the numbers of ISO 4217: 978 is EUR" in notes(capsys, path, "recognised")
    found = [row.transaction.fields["currency"] for row in read(path) if isinstance(row, Row)]
    assert found == ["EUR", "AUD", "AUD", "JPY", "USD", "999"]
    whole = read(path, minor_units=True)
    assert [row.transaction.amount_units for row in whole if isinstance(row, Row)] == [
        *(100_000, 100_000, 100_000, 10_000_000, 100_000)
    ]
    pair = {"event_id": "e", "user_id": "u", "event_time": ISO.format(0), "amount": 1}
    rows = [{**pair, "currency": value} for value in (978, "036", 36)]
    path = put(tmp_path, "\n".join(map(json.dumps, rows)), "x.jsonl")
    assert [row.transaction.fields["currency"] for row in read(path) if isinstance(row, Row)] == [
        *("EUR", "AUD", "AUD")
    ]


def test_a_column_of_numbers_of_currencies_is_taken_as_currency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, f"{PLAIN},currency_code\ne,u,{ISO.format(0)},1.5,978\n")
    assert inspected(capsys, path)[0] == {"map": {"currency": "currency_code"}}
    path = put(tmp_path, f"{PLAIN},currency_code\ne,u,{ISO.format(0)},1.5,1\n")
    assert inspected(capsys, path)[0] == {}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Allemagne", "DE"),
        ("Pa\u00edses Bajos", "NL"),
        ("\u65e5\u672c", "JP"),
        ("\u0420\u043e\u0441\u0441\u0438\u044f", "RU"),
        ("Viet Nam", "VN"),
        ("Kosovo", "XK"),
        ("XKX", "XK"),
        ("xk", "XK"),
        ("EL", "GR"),
        ("DD", None),
        ("XA", None),
        ("xb", None),
        ("ZZ", None),
        ("999", None),
        ("EU", None),
        ("Unknown Region", None),
        ("Kongo", None),
    ],
)
def test_a_country_is_one_of_iso_3166_by_any_of_its_names(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_codes_that_iso_leaves_to_its_users_stay_and_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = ["DE", "FR", "US", "IT", "ES", "NL", "BE", "PL", "SE", "DK", "AT"]
    path = with_countries(tmp_path, *some[:9], "zz")
    told = "country holds 'zz', which is no country of ISO 3166: taken as it is written"
    assert notes(capsys, path, "assumed") == [told]
    assert inspected(capsys, path)[0] == {}
    path = with_countries(tmp_path, *some[:8], "Polska", "ZZ")
    assert inspected(capsys, path)[0] == {"country_codes": True}
    reading = Reading(path, ReadOptions(country_codes=True), 65_536)
    found = [row.transaction.fields["country"] for row in reading if isinstance(row, Row)]
    assert found[8:] == ["PL", "ZZ"]
    assert reading.notes() == ["1 countries are none of ISO 3166, and stay as they are written"]
