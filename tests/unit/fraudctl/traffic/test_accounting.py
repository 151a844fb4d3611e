"""Past data and the decisions on it, set side by side."""

from __future__ import annotations

import json
from collections.abc import Callable

from fraudctl.console.progress import Progress
from fraudctl.files.rows import Row
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.traffic.accounting import Account
from pipeline.records.events import Transaction
from tests.mock_kafka import MockKafka


def decision(event_id: str, topic: str = "past", word: str = "approve", **more: object) -> bytes:
    document = {"event_id": event_id, "user_id": "ada", "source": {"topic": topic}, "decision": word}
    return json.dumps(document | more).encode()


def test_every_event_that_was_sent_is_looked_for_among_the_decisions_behind_a_place_of_the_log(
    make_stack: Callable[..., Stack],
) -> None:
    account = Account("past")
    for number, event_id in enumerate(("e1", "e2", "e3", "e3")):
        assert account.note(Row(number, Transaction(event_id, "ada", 0, 1), None)).number == number
    with MockKafka("risk.decisions") as cluster:
        cluster.append("risk.decisions", decision("e2"))
        start = admin.end_offsets(cluster.kafka, "risk.decisions")
        cluster.append(
            "risk.decisions",
            decision("e1", currency="EUR", limit=10**30),
            decision("e2", "past-too", "block"),
            decision("e2", "live", "block", note="past"),
        )
        cluster.append(
            "risk.decisions",
            decision("e3", word="review", currency="JPY", reused_id=False),
            decision("e3", word="block", currency="JPY", reused_id=True),
            partition=3,
        )
        account.take_decisions(make_stack(kafka=cluster.address), start, Progress())
    assert account.as_document() == {
        "events": 3,
        "decided": 3,
        "undecided": 1,
        "reused_ids": 1,
        "alerts": 2,
        "currencies": {"JPY": 2, "EUR": 1},
    }


def test_nothing_sent_lacks_nothing() -> None:
    assert Account("past").as_document()["undecided"] == 0
