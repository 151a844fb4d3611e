"""Servers elsewhere, and decisions in Protobuf: all passwords and certificates change while events arrive.

What went wrong there once is tried quickly among the contracts, in `test_kafka_security.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender
from pipeline.records.clock import now_ms
from pipeline.records.framed import HEAD_BYTES, framed
from tests.stack import test_servers_elsewhere as on_servers_elsewhere
from tests.stack.cli import data_of
from tests.stack.elsewhere import Elsewhere, servers_elsewhere
from tests.stack.flow import await_sinks
from tests.waiting import await_that

TIMES = 5
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "3")

stack = on_servers_elsewhere.stack


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    with servers_elsewhere(folder, on_servers_elsewhere.PASSWORD, decisions="protobuf") as made:
        yield made


def test_decisions_in_protobuf_are_stored_verified_and_decided_again_the_same(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    sent = data_of(stack, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (2_000, 2_000, 0)
    assert heads(stack) == {framed(schema_of_decisions(elsewhere), b"")}
    await_sinks(stack)
    held = {name: one["held"] for name, one in data_of(stack, "verify", "sinks")["sinks"].items()}
    assert held == {"postgres": 2_000, "redis": sent["alerts"]}
    again = data_of(stack, "replay", "--rules", "default", "--diff", "live")
    assert (again["compared"], again["changed"], again["added"], again["removed"]) == (2_000, 0, 0, 0)


def test_every_password_and_certificate_is_changed_five_times_over_and_nothing_is_lost_or_decided_twice(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    for time in range(1, TIMES + 1):
        on_servers_elsewhere.change_every_password_and_certificate(stack, elsewhere, time)
    frame_is_read(stack, elsewhere)
    assert heads(stack) == {framed(schema_of_decisions(elsewhere), b"")}


def frame_is_read(stack: Stack, elsewhere: Elsewhere) -> None:
    """By a schema that nobody has asked for yet, so that the job asks with the password of now."""
    number, topics = elsewhere.registry.keep({}, "JSON"), stack.profile.topics
    payment = {"event_id": "framed", "user_id": "framed", "event_time": now_ms(), "amount": 1}
    sender = Sender(stack.kafka)
    sender.send(topics.transactions, framed(number, json.dumps(payment).encode()), b"framed")
    assert (sender.flush(120), sender.failed) == (0, 0)
    await_that(
        lambda: any(one.key == b"framed" for one in tail.records(stack.kafka, topics.decisions)),
        "it is decided",
    )


def heads(stack: Stack) -> set[bytes]:
    """What the values of all decisions begin with."""
    found = tail.records(stack.kafka, stack.profile.topics.decisions)
    return {record.framed[:HEAD_BYTES] for record in found}


def schema_of_decisions(elsewhere: Elsewhere) -> int:
    """The number that the registry gave it, the only one in Protobuf that it keeps."""
    [number] = [n for n, one in elsewhere.registry.schemas.items() if one.get("schemaType") == "PROTOBUF"]
    return number
