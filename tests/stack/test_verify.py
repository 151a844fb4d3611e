"""`fraudctl verify sinks` on the live pipeline: stores spoiled behind it are found out, named and mended."""

from __future__ import annotations

import datetime
from typing import Any

import psycopg
import redis

from fraudctl.home.stack import Stack
from pipeline.records.decision_record import Identity
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_sinks


def faults(envelope: dict[str, Any]) -> set[tuple[str, str, Identity]]:
    """What a verification found that has no reason: sink, class and event."""
    kinds = ("missing", "extra", "stale", "diverged")
    return {
        (one["sink"], one["class"], (one["user_id"], one["event_id"]))
        for one in envelope["data"]["differences"]
        if one["class"] in kinds
    }


def delete_row(stack: Stack) -> Identity:
    """Removes the newest score from PostgreSQL, its hits with it."""
    newest = "SELECT user_id, event_id FROM risk_scores ORDER BY decided_at DESC LIMIT 1"
    with psycopg.connect(stack.sink_address("postgres"), password=stack.secret("postgres")) as connection:
        found = connection.execute(newest).fetchone()
        assert found is not None
        for table in ("rule_triggers", "risk_scores"):
            connection.execute(f"DELETE FROM {table} WHERE user_id = %s AND event_id = %s".encode(), found)
    return found[0], found[1]


def delete_flag(stack: Stack) -> Identity:
    """Removes the newest flag from Redis: by time, since positions of two partitions do not compare."""
    with redis.Redis.from_url(
        stack.sink_address("redis"), password=stack.secret("redis"), decode_responses=True
    ) as client:
        flags = {key: client.hgetall(key) for key in client.scan_iter("risk:flag:*", count=1_000)}
        key = max(flags, key=lambda one: int(flags[one]["decided_at_ms"]))
        assert client.delete(key) == 1
    return flags[key]["user_id"], flags[key]["event_id"]


def test_a_row_and_a_flag_that_are_gone_are_named_and_mended(stack: Stack) -> None:
    """Once over all that the tests before have left in the log, then over this test's own part of it."""
    began = datetime.datetime.now(datetime.UTC).isoformat()
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "250", "--duration", "4s", "--seed", "11")
    await_sinks(stack)
    before = ask(stack, "verify", "sinks")
    assert (before["exit_code"], faults(before)) == (0, set()), before
    counts = before["data"]["sinks"]
    assert counts["postgres"]["equal"] == counts["postgres"]["expected"] >= 1_000
    assert counts["redis"]["equal"] > 0

    own = ("verify", "sinks", "--from", began)
    row, flag = delete_row(stack), delete_flag(stack)
    named = {("postgres", "missing", row), ("redis", "missing", flag)}
    found = ask(stack, *own, "--repair", "--dry-run")
    assert (found["exit_code"], faults(found)) == (5, named), found
    assert found["data"]["would"] == {"rewrite": 2, "delete": 0}

    mended = ask(stack, *own, "--repair", "--yes")  # which verifies again
    assert (mended["exit_code"], mended["data"]["repair"]) == (0, {"mended": 2, "refused": []}), mended
    held = {name: count["held"] for name, count in found["data"]["sinks"].items()}
    assert {name: count["held"] - 1 for name, count in mended["data"]["sinks"].items()} == held
