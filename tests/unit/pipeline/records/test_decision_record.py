"""A record of the decisions topic, taken apart."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.records.decision_bytes import Undecodable, glance, take_apart
from pipeline.records.decision_record import run_of

DECISION = (
    b'{"event_id":"e1","user_id":"ada","event_time":"2026-01-01T00:00:00.000Z","amount":12.50,"score":"mine",'
    b'"source":{"topic":"t","partition":3,"offset":7},"features":{"mean":0.1000,"last":"},\\"late\\":"},'
    b'"late":false,"saturated":false,"score":60,"decision":"review",'
    b'"reasons":[{"rule":"r","points":60,"text":"\\"decision\\":\\"approve\\""}],'
    b'"ruleset_version":"v","ruleset_hash":"h"}'
)


def test_a_decision_is_taken_apart_with_its_numbers_as_written() -> None:
    parts = take_apart(DECISION)
    assert parts.identity == ("ada", "e1")
    assert parts.transaction == {
        "event_id": "e1",
        "user_id": "ada",
        "event_time": "2026-01-01T00:00:00.000Z",
        "amount": "12.50",
        "score": "mine",
        "source": {"topic": "t", "partition": 3, "offset": 7},
    }
    assert parts.features == '{"mean":0.1000,"last":"},\\"late\\":"}'
    assert parts.verdict["score"] == 60
    assert glance(DECISION) == (("ada", "e1"), True)


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"null", b"{}", b'{"event_id":"e', DECISION[:-1], DECISION[9:]]
)
def test_what_is_not_a_decision_is_said_to_be_undecodable(value: bytes) -> None:
    with pytest.raises(Undecodable):
        take_apart(value)
    with pytest.raises(Undecodable):
        glance(value)


@pytest.mark.parametrize(
    ("headers", "run"), [(None, 0), ([], 0), ([("run", b"12")], 12), ([("x", b"1"), ("run", b"-1")], 0)]
)
def test_a_record_that_does_not_name_its_run_is_of_run_zero(headers: Any, run: int) -> None:
    assert run_of(headers) == run
