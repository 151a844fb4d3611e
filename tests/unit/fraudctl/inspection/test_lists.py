"""Payments in a list within objects of JSON: found and said, or asked for, and read from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.files.rows import Row
from tests.unit.fraudctl.inspection.asked import ISO, inspected, notes, open_notes, put, read, run

ONE = {"id": "e{}", "customer_id": "u", "created_at": ISO, "amount": 1.5}
NAMED = {"event_id": "id", "event_time": "created_at", "user_id": "customer_id"}


def payments(count: int, begin: int = 0) -> list[dict[str, Any]]:
    numbers = range(begin, begin + count)
    return [
        {name: str(value).format(n) for name, value in ONE.items()} | {"amount": n + 0.5} for n in numbers
    ]


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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("whole", "take"),
    [
        ({str(n): one for n, one in enumerate(payments(3))}, "jq -c '.[]'"),
        ({"payments": {f"-N{n}": one for n, one in enumerate(payments(3))}}, "jq -c '.payments[]'"),
    ],
)
def test_payments_that_are_members_of_an_object_are_asked_about_and_none_stands_for_all(
    whole: Any, take: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(tmp_path, json.dumps(whole), "x.json")
    assert open_notes(capsys, file)[0].startswith("payments stand in an object by names: ")
    _, told = run(capsys, "inspect", str(file))
    assert take in told["data"]["notes"][0]["otherwise"]


def test_who_paid_may_stand_around_the_list_and_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [{"customer_id": one.pop("customer_id"), "payments": [one]} for one in payments(3)]
    file = put(tmp_path, json.dumps(some), "x.json")
    asked = "customer_id may say who paid, and stands around payments, not in its rows"
    assert open_notes(capsys, file)[0] == asked
    assert inspected(capsys, file, "--user-from", "row")[1]["accepted"] == 3


def test_an_answer_of_debits_and_credits_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = [
        {
            "id": f"e{n}",
            "account": "u",
            "date": ISO.format(n),
            "debit": "" if n else "1.50",
            "credit": "2" * n,
        }
        for n in range(2)
    ]
    mapping, found, _ = inspected(capsys, put(tmp_path, json.dumps({"transactions": some}), "x.json"))
    assert (mapping["records"], mapping["map"]["amount"]) == ("transactions", "debit-credit")
    assert found["accepted"] == 2


def test_payments_in_a_list_within_an_object_are_told_how_to_be_taken_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, json.dumps({"data": [{"id": "e1"}], "tags": ["a"]}), "x.json")
    _, told = run(capsys, "inspect", str(path))
    asked = next(
        one for one in told["data"]["notes"] if one["text"].startswith("no column looks like a time")
    )
    assert asked["otherwise"] == ["--map event_time=COLUMN", "--time-format FORMAT", "--records data"]


PANDAS = "the file holds columns and no rows, as pandas writes them by default: id, ts, amount"
TIMES = ["2026-01-31T10:00:00Z", "2026-01-31T11:00:00Z"]


@pytest.mark.parametrize("form", [list, lambda some: {str(n): one for n, one in enumerate(some)}])
def test_columns_in_the_place_of_rows_are_asked_about(
    form: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {"id": form(["a", "b"]), "ts": form(TIMES), "amount": form([1.5, 2.5])}
    path = put(tmp_path, json.dumps(columns), "x.json")
    assert open_notes(capsys, path)[0] == PANDAS
    several = put(tmp_path, "\n".join([json.dumps(columns)] * 2), "x.jsonl")
    assert PANDAS not in open_notes(capsys, several)
