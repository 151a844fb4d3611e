"""Who knows the rules and tries to pass them by, against a whole stack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fraudctl.engines.contract import WELL
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from pipeline.records.clock import now_ms
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_sinks, await_that
from tests.waiting import LONG_S


def payment(user: str, at_ms: int, amount: float) -> bytes:
    named = {"event_id": "one-id", "user_id": user, "event_time": at_ms, "amount": amount, "currency": "EUR"}
    return json.dumps(named).encode()


def decided(stack: Stack, values: list[bytes], user: str, count: int) -> list[dict[str, Any]]:
    """The decisions on the user's events once there are so many."""
    topics, found = stack.profile.topics, list[dict[str, Any]]()
    with Tail(stack.kafka, topics.decisions, admin.end_offsets(stack.kafka, topics.decisions)) as tail:
        sender = Sender(stack.kafka)
        for value in values:
            sender.send(topics.transactions, value, user.encode())
        assert (sender.flush(), sender.failed) == (0, 0)

        def complete() -> bool:
            for record in tail.read():
                document = json.loads(record.value or b"{}")
                if document.get("user_id") == user:
                    found.append(document)
            return len(found) == count

        await_that(complete, LONG_S, lambda: f"{len(found)} of {count} are decided")
    return found


def test_an_id_used_again_is_decided_kept_beside_the_first_and_explained(stack: Stack) -> None:
    began, at_ms = datetime.now(UTC).isoformat(), now_ms()
    user = f"reuser-{at_ms}"
    values = [payment(user, at_ms, 10), payment(user, at_ms, 10.0), payment(user, at_ms + 5, 4_999)]
    values += [payment(user, at_ms + 5, 4_999), payment(f"{user}-end", at_ms + 9, 1)]
    first, again = decided(stack, values, user, 2)
    assert (first["event_id"], first["amount"], "reused_id" in first) == ("one-id", 10, False)
    assert (again["event_id"], again["amount"], again["reused_id"]) == ("one-id", 4_999, True)
    assert "reused_id" in {reason["rule"] for reason in again["reasons"]}

    await_sinks(stack)
    stored = f"one-id#reused-{again['content_hash']}"
    shown = [data_of(stack, "explain", name, "--user", user) for name in ("one-id", stored)]
    assert [(one["transaction"]["amount"], one["decision"]) for one in shown] == [
        ("10", first["decision"]),
        ("4999", again["decision"]),
    ]
    verified = ask(stack, "verify", "sinks", "--from", began)
    assert (verified["exit_code"], verified["data"]["differences"]) == (0, []), verified


def test_doctor_and_status_find_the_clock_of_the_log_well(stack: Stack) -> None:
    clock = ask(stack, "status")["data"]["broker_clock"]
    assert clock == {"ahead_ms": clock["ahead_ms"], "allowed_lateness_ms": 900_000, "healthy": True}
    checks = {one["name"]: one["state"] for one in ask(stack, "doctor")["data"]["checks"]}
    assert checks["broker clock"] == WELL, checks
