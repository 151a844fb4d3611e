"""A person is forgotten in a running stack: nothing that is asked names him, and nothing brings him back."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from fraudctl.home import audit, undertakings
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from pipeline.records import clock
from pipeline.records.quantities import format_time
from tests.stack import flow
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_sinks
from tests.stack.killed import is_killed
from tests.waiting import LONG_S

USER = f"canary-{clock.now_ms():x}"
HALF = f"half-{clock.now_ms():x}"
NEIGHBOUR = f"neighbour-{clock.now_ms():x}"


def pay(stack: Stack, user: str, *events: str) -> None:
    """Payments from an address on a deny list, and their decisions awaited."""
    sender, topics = Sender(stack.kafka), stack.profile.topics
    before = sum(admin.end_offsets(stack.kafka, topics.decisions).values())
    for event in events:
        payment = {"event_id": event, "user_id": user, "amount": 49, "currency": "EUR"}
        payment |= {"event_time": format_time(clock.now_ms()), "ip": "192.0.2.66"}
        sender.send(topics.transactions, json.dumps(payment).encode(), user.encode())
    assert (sender.flush(), sender.failed) == (0, 0)
    flow.await_that(
        lambda: sum(admin.end_offsets(stack.kafka, topics.decisions).values()) >= before + len(events),
        LONG_S,
        lambda: "the payments are not decided",
    )
    await_sinks(stack)


def named(stack: Stack, user: str) -> list[str]:
    """Where a user is still found by what people ask."""
    alerts = data_of(stack, "alerts", "--limit", "10000")["alerts"]
    places = ["alerts"] if user in json.dumps(alerts) else []
    explained = ask(stack, "explain", f"{user}-1", "--user", user)
    return places + (["explain"] if explained["exit_code"] == 0 else [])


def replayed(stack: Stack) -> int:
    """Decisions of the user on the decisions topic."""
    records = tail.records(stack.kafka, stack.profile.topics.decisions)
    return sum(USER.encode() in (one.value or b"") for one in records)


def clean(stack: Stack) -> dict[str, Any]:
    """What a verification says of all stores."""
    await_sinks(stack)
    return ask(stack, "verify", "sinks")


def test_a_person_is_forgotten_and_neither_a_repair_nor_a_replay_brings_him_back(stack: Stack) -> None:
    pay(stack, USER, f"{USER}-1", f"{USER}-2")
    pay(stack, NEIGHBOUR, f"{NEIGHBOUR}-1")
    data_of(stack, "label", f"{USER}-1", "fraud", "--user", USER)
    assert named(stack, USER) == ["alerts", "explain"]

    looked = data_of(stack, "forget", "user", USER, "--dry-run")
    assert looked["erasure"] is None
    assert looked["held"]["postgres"] == 2
    assert named(stack, USER) == ["alerts", "explain"]
    assert ask(stack, "forget", "user", USER)["error"]["code"] == "needs_yes"

    done = data_of(stack, "forget", "user", USER, "--yes")
    assert done["held"] == looked["held"]
    assert named(stack, USER) == []
    assert named(stack, NEIGHBOUR) == ["alerts", "explain"]

    assert clean(stack)["exit_code"] == 0
    data_of(stack, "sinks", "rewind", "postgres", "--to", "earliest", "--yes")
    data_of(stack, "sinks", "rewind", "redis", "--to", "earliest", "--yes")
    assert clean(stack)["exit_code"] == 0
    held = replayed(stack)
    data_of(stack, "replay", "--rules", "default", "--publish", "--from", "1h")
    assert clean(stack)["exit_code"] == 0
    assert replayed(stack) == held
    assert named(stack, USER) == []

    lines = [json.dumps(dict(one)) for one in audit.entries(stack.home)]
    assert not [line for line in lines if USER in line and '"label"' not in line]
    assert [one for one in audit.entries(stack.home) if one.get("erasure") == done["erasure"]]


def test_a_command_that_was_killed_is_told_and_finished_by_giving_it_again(stack: Stack) -> None:
    pay(stack, HALF, f"{HALF}-1")
    told = 0
    for step in count(1):
        if not is_killed(stack, step, ("forget", "user", HALF, "--yes")):
            break
        left = undertakings.told(stack.home)
        if left is not None:
            told += 1
            said = ask(stack, "status")
            mend = f"give it again: fraudctl forget user {HALF} --yes"
            assert (said["exit_code"], said["data"]["cut_off"], left[1]) == (3, mend, mend)
        data_of(stack, "forget", "user", HALF, "--yes")
        assert undertakings.told(stack.home) is None
        assert [path for path in stack.home.rglob("jobs/forgetting/*") if path.is_file()] == []
        assert named(stack, HALF) == []
        pay(stack, HALF, f"{HALF}-1")
    assert told > 0
    assert named(stack, HALF) == []
    assert clean(stack)["exit_code"] == 0


def test_who_was_forgotten_and_pays_again_is_scored_and_stored(stack: Stack) -> None:
    """Else to be forgotten would be the way to pay unseen."""
    pay(stack, USER, f"{USER}-1")
    assert named(stack, USER) == ["alerts", "explain"]
    assert clean(stack)["exit_code"] == 0
    again = data_of(stack, "forget", "user", USER, "--yes")
    assert again["held"]["postgres"] == 1
    assert named(stack, USER) == []
