"""Servers elsewhere, and decisions in Protobuf: all passwords and certificates change while events arrive.

What went wrong there once is tried quickly among the contracts, in `test_kafka_security.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from fraudctl.kafka.broker import metadata
from fraudctl.kafka.sender import Sender
from pipeline.records.clock import now_ms
from pipeline.records.framed import HEAD_BYTES, framed
from tests.stack import test_servers_elsewhere as on_servers_elsewhere
from tests.stack.cli import data_of
from tests.stack.elsewhere import Elsewhere, servers_elsewhere
from tests.stack.flow import await_sinks, replay_topics
from tests.waiting import await_that

TIMES = 5
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "3")
REPLAY = ("replay", "--rules", "default", "--diff", "live")

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
    again = data_of(stack, *REPLAY)
    assert (again["compared"], again["changed"], again["added"], again["removed"]) == (2_000, 0, 0, 0)


def test_leaders_change_during_a_replay_which_decides_the_same(stack: Stack, elsewhere: Elsewhere) -> None:
    before = leaders(stack)
    with ThreadPoolExecutor(1) as pool:
        replay = pool.submit(data_of, stack, *REPLAY)
        await_that(lambda: replay_topics(stack), "the replay has topics")
        elsewhere.kafka.kill(before[0])
        await_that(lambda: leaders(stack)[0] not in (before[0], -1), "another broker leads")
        assert not replay.done()
        again = replay.result()
    assert (again["compared"], again["changed"], again["added"], again["removed"]) == (2_000, 0, 0, 0)
    elsewhere.kafka.start(before[0])
    await_that(lambda: on_servers_elsewhere.in_sync(stack) == {3}, "the broker has caught up")


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


def leaders(stack: Stack) -> dict[int, int]:
    """The broker that leads each partition of the transactions."""
    topic = metadata(stack.kafka, 10).topics[stack.profile.topics.transactions]
    return {number: one.leader for number, one in topic.partitions.items()}


def heads(stack: Stack) -> set[bytes]:
    """What the values of all decisions begin with."""
    found = tail.records(stack.kafka, stack.profile.topics.decisions)
    return {record.framed[:HEAD_BYTES] for record in found}


def schema_of_decisions(elsewhere: Elsewhere) -> int:
    """The number that the registry gave it, the only one in Protobuf that it keeps."""
    [number] = [n for n, one in elsewhere.registry.schemas.items() if one.get("schemaType") == "PROTOBUF"]
    return number
