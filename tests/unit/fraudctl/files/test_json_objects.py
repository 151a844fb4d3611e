"""JSON objects, however they follow each other and whatever they lie in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow
from tests.unit.fraudctl.files.as_read import DAY, file, hint_of, reading, refused, rows_of, sent, values


def test_objects_after_a_mark_or_several_on_a_line_are_events(tmp_path: Path) -> None:
    one = f'{{"event_id":"%s","user_id":"u","event_time":"{DAY}10:00Z","amount":1}}'
    text = "\ufeff" + one % "a" + "\n" + one % "b" + one % "c" + "{broken"
    rows = rows_of(file(tmp_path, text, "x.jsonl"))
    assert [made["event_id"] for made in sent(rows)] == ["a", "b", "c"]
    assert [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)] == [(2, "invalid_json")]


def test_a_path_leads_into_nested_objects(tmp_path: Path) -> None:
    data = f'{{"who":{{"id":"u"}},"amount":{{"value":1.50}},"at":"{DAY}10:00Z"}}'
    text = f'{{"id":"e","data":{data},"tags":["x"]}}'
    fields = {
        "event_id": "id",
        "user_id": "data.who.id",
        "amount": "data.amount.value",
        "event_time": "data.at",
    }
    reading = Reading(file(tmp_path, text, "x.jsonl"), ReadOptions(fields), 65_536)
    assert sent(list(reading)) == [
        {"event_id": "e", "user_id": "u", "event_time": "2026-03-01T10:00:00.000Z", "amount": 1.5}
    ]
    assert (
        "x.jsonl has no column data.none" in hint_of(tmp_path / "x.jsonl", fields={"amount": "data.none"})[0]
    )


@pytest.mark.parametrize("between", [",", "", " "])
def test_rows_that_stand_on_one_line_get_ids_and_users_of_their_own(tmp_path: Path, between: str) -> None:
    one = json.dumps({"event_time": f"{DAY}10:00Z", "amount": 1})
    path = file(tmp_path, f"{between.join([one] * 3)}\n{one}", "x.jsonl")
    found = reading(path, id_from="row", user_from="row")
    ids = ["row-1", "row-1.2", "row-1.3", "row-2"]
    assert (values("event_id", found), values("user_id", found)) == (ids, ids)


def test_numbers_that_are_texts_are_times_of_one_unit_too(tmp_path: Path) -> None:
    one = {"event_id": "e", "user_id": "u", "amount": 1}
    for text, unit in (("1772359200", "s"), ("1772359200000", "ms"), ("1772359200000000", "us")):
        found = reading(file(tmp_path, json.dumps(one | {"event_time": text}), "x.jsonl"))
        assert values("event_time", found) == ["2026-03-01T10:00:00.000Z"]
        assert f"event_time in {unit}" in found.said()


def test_files_with_marks_one_behind_the_other_are_read_whole(tmp_path: Path) -> None:
    one = {"user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1}
    text = "".join("\ufeff" + json.dumps({"event_id": name} | one) + "\n" for name in "abc")
    rows = rows_of(file(tmp_path, text, "x.jsonl"))
    assert [made["event_id"] for made in sent(rows)] == ["a", "b", "c"]


def test_a_name_that_comes_twice_refuses_its_row_wherever_it_stands(tmp_path: Path) -> None:
    lines = [
        '{"id":"a","user":"u","data":{"at":"2026-03-01T10:00Z","amount":1,"amount":2}}',
        '{"id":"b","user":"u","data":{"at":"2026-03-01T10:00Z","amount":1}}',
        '{"id":"c","user":"u","data":{"at":"2026-03-01T10:00Z","amount":1},"data":{"amount":2}}',
    ]
    fields = {"event_id": "id", "user_id": "user", "event_time": "data.at", "amount": "data.amount"}
    rows = rows_of(file(tmp_path, "\n".join(lines), "x.jsonl"), fields=fields)
    assert values("event_id", rows) == ["b"]
    assert refused(rows) == [(1, "duplicate_field: amount"), (3, "duplicate_field: data")]
