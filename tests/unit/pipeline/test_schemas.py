"""The shipped JSON Schemas say what the code reads and writes."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction, decode, encode
from pipeline.records.quantities import Number, Refusal

NOON_MS = 1_767_268_800_000
TRANSACTION = Transaction("e", "ü", NOON_MS, -125_000, {"ip": "192.0.2.1", "lat": Number("0.1"), "x": True})


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((files("pipeline") / "schemas" / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def document(**changes: Any) -> dict[str, Any]:
    plain = {"event_id": "e", "user_id": "u", "event_time": "2026-01-01T12:00:00Z", "amount": 1.5}
    return {name: value for name, value in (plain | changes).items() if value != "absent"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event_time": NOON_MS},
        {"event_time": "2026-01-01 12:00+02"},
        {"amount": -1e3},
        {"ip": None, "lat": None, "further": None},
        {"country": "DE", "lon": 7, "further": 1, "online": False, "note": "ü"},
    ],
)
def test_what_the_transaction_schema_allows_is_accepted(changes: dict[str, Any]) -> None:
    value = document(**changes)
    assert validator("transaction").is_valid(value)
    decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": "absent"},
        {"user_id": ""},
        {"event_id": 7},
        {"event_time": "yesterday"},
        {"event_time": "2026-01-01T12:00:00"},
        {"amount": "1"},
        {"amount": 1e14},
        {"ip": 1},
        {"lat": "1"},
        {"further": []},
        {"label": 1},
        {"scenario": None},
    ],
)
def test_what_the_transaction_schema_forbids_is_refused(changes: dict[str, Any]) -> None:
    value = document(**changes)
    assert not validator("transaction").is_valid(value)
    with pytest.raises(Refusal):
        decode(json.dumps(value).encode())


def test_an_encoded_transaction_and_its_decision_meet_their_schemas() -> None:
    decision = Decision(
        TRANSACTION,
        60,
        "review",
        Source("risk.transactions", 0, 7),
        (Hit("ip_burst", 60, "5 users from 192.0.2.1 in 2 minutes"),),
        {"ip_users_2m": Number("5"), "three_high": False, "previous": "DE"},
        "default-1",
        "0" * 64,
        False,
        False,
    )
    assert list(validator("transaction").iter_errors(json.loads(encode(TRANSACTION)))) == []
    assert list(validator("decision").iter_errors(json.loads(encode_decision(decision)))) == []
