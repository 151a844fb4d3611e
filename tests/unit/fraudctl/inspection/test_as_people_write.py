"""`inspect` on lists within objects, names of months, zones and countries, debit and credit: recognised and
said, or asked for, and the command that is printed reads what was meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow, Row
from tests.unit.fraudctl.inspection.asked import put, run
from tests.unit.fraudctl.inspection.test_further_shapes import (
    ISO,
    PLAIN,
    inspected,
    open_notes,
    with_amounts,
    with_times,
)

ONE = {"id": "e{}", "customer_id": "u", "created_at": ISO, "amount": 1.5}
NAMED = {"event_id": "id", "event_time": "created_at", "user_id": "customer_id"}


def payments(count: int, begin: int = 0) -> list[dict[str, Any]]:
    numbers = range(begin, begin + count)
    return [
        {name: str(value).format(n) for name, value in ONE.items()} | {"amount": n + 0.5} for n in numbers
    ]


def notes(capsys: pytest.CaptureFixture[str], path: Path, how: str, *words: str) -> list[str]:
    _, told = run(capsys, "inspect", str(path), *words)
    return [one["text"] for one in told["data"]["notes"] if one["how"] == how]


def read(path: Path, **options: Any) -> list[Row | RefusedRow]:
    return list(Reading(path, ReadOptions(**options), 65_536))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("around", "path"),
    [
        (lambda some: {"data": some}, "data"),
        (
            lambda some: {"object": "list", "total": 3, "at": ISO.format(0), "data": some, "next": None},
            "data",
        ),
        (lambda some: {"payments": {"page": 1, "items": some}, "errors": []}, "payments.items"),
        (lambda some: [{"meta": {"items": [1, 2]}, "a": {"b": {"c": some}}}], "a.b.c"),
        (lambda some: {"included": [{"id": "x"}], "r\u00e9sultats": some}, "r\u00e9sultats"),
    ],
)
def test_payments_in_a_list_within_an_object_are_read_from_there(
    around: Any, path: str, indent: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(tmp_path, json.dumps(around(payments(3)), indent=indent), "answer.json")
    mapping, found, _ = inspected(capsys, file)
    assert mapping == {"map": NAMED, "records": path}
    assert (found["rows"], found["accepted"], found["to"]) == (3, 3, "2024-05-01T10:00:02.000Z")
    assert notes(capsys, file, "recognised")[0] == f"the rows are the elements of the list {path}"


def test_pages_of_an_answer_follow_each_other_and_one_that_has_no_list_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [{"data": payments(2)}, {"data": []}, {"error": "too many"}, {"data": payments(2, begin=2)}]
    file = put(tmp_path, "\n".join(map(json.dumps, pages)), "pages.jsonl")
    mapping, found, _ = inspected(capsys, file)
    assert mapping["records"] == "data"
    assert (found["rows"], found["accepted"], found["refused_by_reason"]) == (5, 4, {"invalid_json": 1})
    assert [one["line"] for one in found["refused"]] == [3]


def test_an_answer_that_breaks_off_says_so(tmp_path: Path) -> None:
    whole = json.dumps({"data": payments(3)})
    for end in (-40, -2, -1):
        rows = read(put(tmp_path, whole[:end], "x.json"), fields=NAMED, records="data")
        assert [isinstance(row, Row) for row in rows] == [True, True, *([] if end == -40 else [True]), False]


def test_a_reader_that_was_told_nothing_of_the_list_refuses_the_file_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(tmp_path, json.dumps({"data": {"items": payments(2)}}), "answer.json")
    code, told = run(capsys, "backtest", str(file))
    assert (code, told["error"]["code"]) == (2, "rows_within")
    assert told["error"]["hint"] == "say where the rows are: --records data.items"


def test_lists_within_payments_are_not_taken_for_payments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"sku": "s", "price": 1.0}]
    some = [one | {"items": lines} for one in payments(3)]
    for name, content in (("x.json", json.dumps(some)), ("x.jsonl", "\n".join(map(json.dumps, some)))):
        mapping, found, _ = inspected(capsys, put(tmp_path, content, name))
        assert ("records" in mapping, found["accepted"]) == (False, 3)


def test_two_lists_of_payments_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = put(tmp_path, json.dumps({"cards": payments(2), "transfers": payments(2)}), "x.json")
    assert open_notes(capsys, file)[0] == "payments can be the elements of cards or of transfers"
    assert inspected(capsys, file, "--records", "cards")[1]["accepted"] == 2


def test_what_stands_around_a_list_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = put(tmp_path, json.dumps({"account": "a1", "payments": payments(2)}), "x.json")
    told = notes(capsys, file, "assumed")
    assert "what stands around payments is no part of its rows: account" in told


def test_a_list_is_read_however_long_it_is_and_whatever_pieces_it_comes_in(tmp_path: Path) -> None:
    texts = ['"]}', "\\", '{"data":[', "é" * 500]
    some = [one | {"note": texts[n % 4]} for n, one in enumerate(payments(9_000))]
    content = json.dumps(
        {"before": [{"a": "]"}] * 90_000, "data": some, "after": some[:10]}, ensure_ascii=False
    )
    assert len(content.encode()) > 3 << 20
    rows = read(put(tmp_path, content, "x.json"), fields=NAMED, records="data", zone="UTC")
    good = [row for row in rows if isinstance(row, Row)]
    # Seconds above 9 are no time of the form above, so only the first rows are good.
    assert (len(rows), len(good)) == (9_000, 10)
    assert [row.transaction.fields["note"] for row in good] == [texts[n % 4] for n in range(10)]


ZONED = "2024-05-01T08:00:00.000Z"


@pytest.mark.parametrize(
    ("times", "mapping", "begin"),
    [
        (["2024-05-01 10:00:00 CEST", "2024-05-01 12:00:00 CEST"], {}, ZONED),
        (["2024-05-01 04:00:00 EDT", "2024-05-01 05:00:00 EDT"], {}, ZONED),
        (["2024-05-01 10:00:00 +0200 CEST", "2024-05-01 11:00:00 +0200 CEST"], {}, ZONED),
        (["2024-05-01 10:00:00 Europe/Berlin", "2024-05-01 11:00:00 Europe/Berlin"], {}, ZONED),
        (["2024-05-01 10:00:00 GMT+2", "2024-05-01 11:00:00 GMT+2"], {}, ZONED),
        (
            ["Wed May 01 10:00:00 CEST 2024", "Thu May 02 10:00:00 CEST 2024"],
            {"time_format": ["%a %b %d %H:%M:%S %Z %Y"]},
            ZONED,
        ),
        (
            ["01.05.2024 10:00:00 MESZ", "13.05.2024 10:00:00 MESZ"],
            {"time_format": ["%d.%m.%Y %H:%M:%S %Z"]},
            ZONED,
        ),
        (
            ["Wed May 01 2024 10:00:00 GMT+0200 (Central European Summer Time)"] * 2,
            {"time_format": ["%a %b %d %Y %H:%M:%S GMT%z"]},
            ZONED,
        ),
        (["01/May/2024:10:00:00 +0200"] * 2, {"time_format": ["%d/%b/%Y:%H:%M:%S %z"]}, ZONED),
        (
            ["1. Mai 2024 08:00", "13. M\u00e4rz 2025 08:00"],
            {"zone": "UTC", "time_format": ["%d. %b %Y %H:%M"]},
            ZONED,
        ),
        (
            ["5 janv. 2024 08:00", "13 d\u00e9cembre 2024 08:00"],
            {"zone": "UTC", "time_format": ["%d %b %Y %H:%M"]},
            "2024-01-05T08:00:00.000Z",
        ),
        (
            ["1 de mayo de 2024 08:00", "13 de octubre de 2024 08:00"],
            {"zone": "UTC", "time_format": ["%d %b %Y %H:%M"]},
            ZONED,
        ),
        (
            ["May 1st, 2024 at 8:00 AM", "Sept. 13th, 2024 at 8:00 PM"],
            {"zone": "UTC", "time_format": ["%b %d, %Y %I:%M %p"]},
            ZONED,
        ),
        (
            ["Wednesday, May 1, 2024 8:00:00 AM", "Friday, September 13, 2024 8:00:00 PM"],
            {"zone": "UTC", "time_format": ["%a, %b %d, %Y %I:%M:%S %p"]},
            ZONED,
        ),
        (
            ["01-MAI-2024 08:00", "13-DEZ-2024 08:00"],
            {"zone": "UTC", "time_format": ["%d-%b-%Y %H:%M"]},
            ZONED,
        ),
        (
            ["2024-May-01 08:00", "2024-Dec-13 08:00"],
            {"zone": "UTC", "time_format": ["%Y-%b-%d %H:%M"]},
            ZONED,
        ),
    ],
)
def test_times_with_names_in_them_are_read_as_they_are_meant(
    times: list[str], mapping: dict[str, Any], begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, counts, _ = inspected(capsys, with_times(tmp_path, *times))
    assert (found, counts["accepted"], counts["from"]) == (mapping, len(times), begin)


@pytest.mark.parametrize(
    ("form", "words", "begin"),
    [
        ("2024-05-01 10:00:0{} CST", ["--zone-name", "CST=-06:00"], "2024-05-01T16:00:00.000Z"),
        ("2024-05-01 10:00:0{} IST", ["--zone-name", "IST=Asia/Kolkata"], "2024-05-01T04:30:00.000Z"),
        ("Wed May 01 10:00:0{} CST 2024", ["--zone-name", "CST=+08:00"], "2024-05-01T02:00:00.000Z"),
    ],
)
def test_a_name_that_several_zones_have_is_asked_about(
    form: str, words: list[str], begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_times(tmp_path, *(form.format(n) for n in range(2)))
    name = words[1].partition("=")[0]
    assert open_notes(capsys, path) == [f"event_time is in {name}, which is the name of several zones"]
    mapping, counts, _ = inspected(capsys, path, *words)
    assert (mapping["zone_name"], counts["accepted"], counts["from"]) == ({name: words[1][4:]}, 2, begin)


def test_zones_that_were_recognised_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_times(tmp_path, "2024-05-01 10:00:00 CEST", "2024-11-01 10:00:00 CET")
    assert "event_time names its zones: CEST is +02:00, CET is +01:00" in notes(capsys, path, "recognised")


@pytest.mark.parametrize(
    ("cells", "begin"),
    [
        ("CEST", "2024-05-01T08:00:00.000Z"),
        ("Europe/Berlin", "2024-05-01T08:00:00.000Z"),
        ("-04:00", "2024-05-01T14:00:00.000Z"),
        ("America/New_York", "2024-05-01T14:00:00.000Z"),
    ],
)
@pytest.mark.parametrize(
    ("names", "values", "form"),
    [
        ("created_at", "2024-05-{} 10:00:00", None),
        ("Datum,Uhrzeit", "{}.05.2024,10:00:00", "%d.%m.%Y %H:%M:%S"),
    ],
)
def test_a_column_of_zones_beside_local_times_counts(
    names: str,
    values: str,
    form: str | None,
    cells: str,
    begin: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [f"e{day},u,{values.format(day)},{cells},1.5" for day in ("01", "13")]
    path = put(tmp_path, "\n".join([f"event_id,user_id,{names},timezone,amount", *rows]))
    mapping, counts, _ = inspected(capsys, path)
    joined = f"{names.replace(',', '+')}+timezone"
    assert (mapping["map"], counts["accepted"], counts["from"]) == ({"event_time": joined}, 2, begin)
    alone, counts, _ = inspected(capsys, path, "--map", f"event_time={names.replace(',', '+')}")
    assert (alone["zone"], counts["from"]) == ("UTC", "2024-05-01T10:00:00.000Z")


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
