from __future__ import annotations

from typing import Any

from pipeline.sinks.elasticsearch.reader import read


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
