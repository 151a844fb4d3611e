from __future__ import annotations

from typing import Any

import pytest

from pipeline.sinks.elasticsearch.reader import _NEEDED, read


def hit(event_id: str, position: int, **changes: Any) -> dict[str, Any]:
    source = {
        "position": position,
        "decided_at": 1_764_000_000_123,
        "user_id": "ada",
        "event_id": event_id,
        "amount": 12.5,
        "score": 60,
        "decision": "review",
        "reasons": [{"rule": "r", "text": "much"}],
    }
    return {"_index": "risk-2026.01", "_id": f"{event_id}-{position}", "_source": source | changes}


def test_of_each_event_the_newest_document_is_shown() -> None:
    found, damaged = read([hit("a", 1), hit("b", 2), hit("a", 3, score=80)])
    assert [(one["event_id"], one["score"], one["decided_at"]) for one in found] == [
        ("a", 80, "2025-11-24T16:00:00.123Z"),
        ("b", 60, "2025-11-24T16:00:00.123Z"),
    ]
    assert damaged == []


def test_a_document_that_is_no_decision_is_named_and_the_others_are_shown() -> None:
    bare = {"_index": "risk-2026.01", "_id": "bare"}
    strange = [hit("c", 4, decided_at="2026-01-01"), hit("d", 5, reasons=[{"rule": "r"}]), bare]
    found, damaged = read([*strange, hit("a", 1)])
    assert [one["event_id"] for one in found] == ["a"]
    assert [words.partition(":")[0] for words in damaged] == [
        "risk-2026.01/c-4 is of another form",
        "risk-2026.01/d-5 lacks text",
        "risk-2026.01/bare lacks _source",
    ]


def test_a_document_is_shown_as_it_was_decided_without_what_is_there_for_searches() -> None:
    one = hit("a", 1, zone="x", extra_terms=["zone=x"])
    [shown], _ = read([one])
    document = {name: value for name, value in one["_source"].items() if name != "extra_terms"}
    assert shown == document | {"decided_at": "2025-11-24T16:00:00.123Z"}
    [again], _ = read([hit("a", 1, reused_id=True, content_hash="00000000000000ab")])
    assert again["event_id"] == "a#reused-00000000000000ab"


@pytest.mark.parametrize("name", _NEEDED)
def test_without_what_every_decision_has_it_is_none(name: str) -> None:
    one = hit("a", 1)
    del one["_source"][name]
    assert read([one]) == ([], [f"risk-2026.01/a-1 lacks {name}"])
