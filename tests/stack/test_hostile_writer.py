"""Who may write to the topic of transactions and nothing else: whatever he writes there, payments before and
after it are decided on time, stores and terminals are what they were, and nothing has to be mended."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from confluent_kafka import KafkaError

from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from pipeline.connections.kafka import librdkafka
from pipeline.records.clock import now_ms
from tests.stack.cli import ask, fraudctl
from tests.stack.flow import await_sinks, await_that, live_job_id
from tests.stack.test_bad_input import restarts
from tests.waiting import LONG_S

NUMBERS = itertools.count()
ESCAPES = "\x1b]0;owned\x07\x1b[2J\u202e\u2066"
AHEAD_MS = 10_000
FAR_MS = 4_000_000_000_000
SQL = "'; DROP TABLE risk_scores; --"
PATHS = "../../../../etc/passwd"
Headers = list[tuple[str, bytes | None]]
CONTROL: list[Headers] = [
    [("close", str(FAR_MS).encode())],
    [("close", b"9" * 15)],
    [("close", b"-9223372036854775808")],
    [("tick", b"-999999999999999")],
    [("tick", b"999999999999999")],
    [("tick", b"9" * 9_000)],
    [("tick", b""), ("limit", str(FAR_MS).encode())],
    [("tick", b""), ("limit", b"-9223372036854775808")],
    [("tick", None), ("limit", None)],
    [("tick", b"\xff\xfe"), ("close", b"\xff")],
    [("tick", b"x"), ("tick", b"-5"), ("limit", b"1"), ("limit", str(FAR_MS).encode())],
    [("run", b"\x00"), ("tick", b"0"), ("close", str(FAR_MS).encode())],
    [(f"h{n}", b"x" * 100) for n in range(5_000)],
    [],
]
"""Records without a value: those of a ticker, or of the end of a load, as somebody forges them."""


def payment(user: str, **more: Any) -> bytes:
    named = {"event_id": f"{user}-{next(NUMBERS)}", "user_id": user, "event_time": now_ms(), "amount": 12.5}
    return json.dumps({**named, **more}).encode()


def hostile(user: str) -> Iterator[tuple[bytes | None, bytes | None, Headers]]:
    """Value, key and headers."""
    for headers in CONTROL:
        for key in (user.encode(), None, b"", b"\xff" * 1_000):
            yield None, key, headers
        yield payment(user), user.encode(), headers
    yield payment(user), b"k" * 1_000_000, []
    for text in (SQL, PATHS, "{0.__class__}", "%s%n", "${jndi:ldap://127.0.0.1:1/a}", "x at 0x1f>", "=1+1"):
        yield payment(user, merchant_id=text, note=text), user.encode(), []
    yield payment(user, note=ESCAPES), user.encode(), []
    yield payment(user, user_id=ESCAPES), user.encode(), []
    yield ESCAPES.encode(), ESCAPES.encode(), [(ESCAPES, ESCAPES.encode())]
    yield b"\x00" * 1_000_000, user.encode(), []
    yield payment(user, **{f"f{n}": n for n in range(3_000)}), user.encode(), []


def told(stack: Stack, **more: Any) -> dict[str, Any]:
    """How a client of his connects."""
    return {"linger.ms": 0, "message.max.bytes": 16_000_000, **more}


def sent(stack: Stack, user: str, codec: str) -> int:
    """Sends it all, compressed so, and of a transaction that is never ended and one that is given up; how
    many there were."""
    topic, quiet, many = stack.profile.topics.transactions, logging.getLogger("hostile"), 0
    made = librdkafka.producer(stack.kafka, told(stack, **{"compression.type": codec}), quiet)
    for value, key, headers in hostile(user):
        made.produce(topic, value, key, headers=headers, partition=many % stack.profile.partitions)
        many += 1
    assert made.flush(LONG_S) == 0
    return many


@contextmanager
def in_transactions(stack: Stack, user: str) -> Iterator[None]:
    """Payments in a transaction that is given up, and others in one that stays open until the block's end."""
    topic, quiet = stack.profile.topics.transactions, logging.getLogger("hostile")
    for is_open in (False, True):
        own = {"transactional.id": f"{user}-{is_open}", "transaction.timeout.ms": 600_000}
        made = librdkafka.producer(stack.kafka, told(stack, **own), quiet)
        made.init_transactions(LONG_S)
        made.begin_transaction()
        for partition in range(stack.profile.partitions):
            made.produce(topic, payment(user), user.encode(), partition=partition)
        assert made.flush(LONG_S) == 0
        if is_open:
            yield
        made.abort_transaction(LONG_S)


def decided(stack: Stack, user: str, many: int) -> list[dict[str, Any]]:
    """The decisions on so many good payments of that user, in every partition, sent now. Each says that it
    happens in ten seconds, so that it lies where it arrives: late only if the clock is beyond that."""
    topics, found = stack.profile.topics, list[dict[str, Any]]()
    with Tail(stack.kafka, topics.decisions, admin.end_offsets(stack.kafka, topics.decisions)) as reader:
        sender = Sender(stack.kafka)
        for number in range(many):
            partition = number % stack.profile.partitions
            value = payment(user, event_time=now_ms() + AHEAD_MS)
            sender.send(topics.transactions, value, user.encode(), partition=partition)
        assert (sender.flush(), sender.failed) == (0, 0)

        def complete() -> bool:
            for record in reader.read():
                document = json.loads(record.value or b"{}")
                if document.get("user_id") == user:
                    found.append(document)
            return len(found) == many

        await_that(complete, LONG_S, lambda: f"{len(found)} of {many} are decided")
    return found


def are_read(stack: Stack, user: str, many: int) -> bool:
    """Whether commands find those payments, which lie behind all that he wrote."""
    topic, named = stack.profile.topics.transactions, f'"user_id": "{user}"'.encode()
    start = {p: max(0, end - 2_000) for p, end in admin.end_offsets(stack.kafka, topic).items()}
    return sum(named in (one.value or b"") for one in tail.records(stack.kafka, topic, start)) == many


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_payments_are_decided_on_time_whatever_lies_between_them(stack: Stack, codec: str) -> None:
    user, job_id = f"good-{codec}-{now_ms()}", live_job_id(stack)
    before = restarts(stack, job_id)
    assert sent(stack, f"hostile-{user}", codec) > 50
    with in_transactions(stack, f"hostile-{user}") if codec == "none" else nullcontext():
        good = decided(stack, user, 20)
        assert are_read(stack, user, 20)
    assert [one for one in good if one["late"] or one["saturated"]] == []
    await_sinks(stack)
    assert (live_job_id(stack), restarts(stack, job_id)) == (job_id, before)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_no_record_is_taken_that_is_small_on_the_wire_and_large_unpacked(stack: Stack, codec: str) -> None:
    """Else every reader would have to unpack it, and it would lie there for as long as the log."""
    topic, refused = stack.profile.topics.transactions, list[int]()
    told = {"compression.type": codec, "message.max.bytes": 1_000_000_000, "retries": 0}
    made = librdkafka.producer(stack.kafka, told, logging.getLogger("hostile"))
    large = b" " * (stack.profile.max_message_bytes + 1_000_000)
    made.produce(topic, large, b"u", on_delivery=lambda error, _: refused.append(error and error.code()))
    assert made.flush(LONG_S) == 0
    assert refused == [KafkaError.MSG_SIZE_TOO_LARGE]


def test_what_he_wrote_is_shown_without_acting_on_the_terminal(stack: Stack) -> None:
    for command in (["alerts"], ["dlq", "list"], ["dlq", "list", "--json"], ["hotkeys"], ["status"]):
        if command == ["status"]:
            said = json.dumps(ask(stack, "status"), ensure_ascii=False)
        else:
            said = fraudctl(stack.home, *command)
        assert not set("\x1b\x07\u202e\u2066") & set(said), command


def test_the_stores_still_hold_what_the_log_holds(stack: Stack) -> None:
    await_sinks(stack)
    verified = ask(stack, "verify", "sinks")
    assert verified["exit_code"] == 0, verified["summary"]
