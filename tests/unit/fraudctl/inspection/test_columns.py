"""Columns within structs and objects."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.fraudctl.inspection.asked import ISO, inspected, open_notes, put


def test_structs_of_parquet_are_looked_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = [{"user_id": f"u{n}", "amount": "1.50", "at": ISO.format(n)} for n in range(2)]
    pq.write_table(pa.table({"id": ["e0", "e1"], "data": inner, "tags": [["a"], []]}), tmp_path / "x.parquet")
    mapping, read, _ = inspected(capsys, tmp_path / "x.parquet")
    assert mapping == {
        "map": {
            "event_id": "id",
            "event_time": "data.at",
            "amount": "data.amount",
            "user_id": "data.user_id",
        },
        "kind": {"amount": "number"},
    }
    assert read["accepted"] == 2


def test_an_export_of_mongodb_has_its_values_in_objects_of_their_types(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"_id": {"$oid": "a1"}, "user_id": "u", "amount": {"$numberDecimal": "1.50"}}
    one["event_time"] = {"$date": ISO.format(0)}
    mapping, read, _ = inspected(capsys, put(tmp_path, json.dumps(one), "x.jsonl"))
    assert read["accepted"] == 1
    assert mapping["map"]["event_id"] == "_id.$oid"


def test_an_amount_in_units_and_billionths_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    money = {"currency_code": "EUR", "units": "12", "nanos": 500_000_000}
    one = {"event_id": "e", "user_id": "u", "event_time": ISO.format(0), "amount": money}
    path = put(tmp_path, json.dumps(one), "x.jsonl")
    asked = "amounts are in parts, amount.units and amount.nanos: write them as one number"
    assert asked in open_notes(capsys, path)
