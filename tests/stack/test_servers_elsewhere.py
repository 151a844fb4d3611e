"""A whole stack on servers that are not its own, which allow what `grants` prints and nothing else.

Kafka with SCRAM over TLS and a certificate of ours, PostgreSQL and Valkey with TLS and passwords by file. A
broker dies, then another; then every certificate and password is changed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fraudctl.bench.load import Workload
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.kafka.broker import metadata
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Record
from pipeline.records.clock import now_ms
from pipeline.records.framed import HEAD_BYTES, framed
from tests.certificates import Authority
from tests.disclosure import contents
from tests.homes import reachable_folder, started
from tests.protoc import Compiled, in_frame
from tests.stack.cli import data_of
from tests.stack.elsewhere import Elsewhere, servers_elsewhere
from tests.stack.flow import await_decisions, await_sinks, workload
from tests.waiting import await_that

PASSWORD = 'st"ack-s3cret\\'
NEXT_PASSWORD = "another-s3cret"
EVENTS = 6_000
PAYMENT = {
    "type": "record",
    "name": "Payment",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "user_id", "type": "string"},
        {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": "double"},
        {"name": "currency", "type": ["null", "string"]},
        {"name": "note", "type": ["null", "string"]},
    ],
}
PROTOBUF = """
syntax = "proto3";
message Payment {
  string event_id = 1; string user_id = 2; int64 event_time = 3; double amount = 4;
  string currency = 5; optional string note = 6;
}
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with servers_elsewhere(tmp_path_factory.mktemp("elsewhere"), PASSWORD) as made:
        yield made


@pytest.fixture(scope="module")
def stack(elsewhere: Elsewhere) -> Iterator[Stack]:
    options = ("--profile", str(elsewhere.profile), "--wait", "300")
    with reachable_folder("stack") as folder, started(folder / "home", *options) as made:
        yield made


def holds_the_secret(stack: Stack) -> list[str]:
    """What shows the password: the stack's files, command lines and environments."""
    needles = (PASSWORD.encode(), b"s3cret")
    shown = [path for path, held in contents(stack.home) if any(needle in held for needle in needles)]
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            if str(stack.home).encode() in content and any(needle in content for needle in needles):
                shown.append(process / name)
    return [str(path) for path in shown]


def test_a_stack_lives_on_what_grants_prints_and_shows_its_passwords_nowhere(stack: Stack) -> None:
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "5s", "--seed", "3")
    await_sinks(stack)
    found = data_of(stack, "verify", "sinks")
    assert {name: one["equal"] > 0 for name, one in found["sinks"].items()} == {
        "postgres": True,
        "redis": True,
    }
    assert holds_the_secret(stack) == []
    transactions = stack.profile.topics.transactions
    assert admin.describe(stack.kafka, [transactions])[transactions].config["min.insync.replicas"] == "2"
    assert admin.differing(stack.kafka, []) == []


def test_a_transaction_is_decided_alike_in_avro_protobuf_by_a_json_schema_and_without_a_schema(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    names, began_ms = stack.profile.topics, now_ms()
    keep = elsewhere.registry.keep
    numbers = {"avro": keep(PAYMENT), "json": keep({}, "JSON"), "protobuf": keep(PROTOBUF, "PROTOBUF")}
    before = {name: admin.end_offsets(stack.kafka, name) for name in (names.decisions, names.refusals)}
    sender = Sender(stack.kafka)
    for number in range(6):
        payment = {"event_time": began_ms, "amount": 12.5 * number, "currency": "eur", "note": None}
        for form in ("avro", "json", "protobuf", "plain"):
            user = {"event_id": f"{form}-{number}", "user_id": form}
            sender.send(names.transactions, in_form(form, numbers, user | payment), form.encode())
    sender.send(names.transactions, framed(99, b"{}"), b"avro")
    assert (sender.flush(120), sender.failed) == (0, 0)

    def found(topic: str) -> list[Record]:
        return list(tail.records(stack.kafka, topic, before[topic]))

    await_that(lambda: len(found(names.decisions)) >= 24, "a decision for each")
    [decisions] = [n for n, one in elsewhere.registry.schemas.items() if '"Decision"' in one["schema"]]
    assert {one.framed[:HEAD_BYTES] for one in found(names.decisions)} == {framed(decisions, b"")}
    by_form: dict[bytes, list[dict[str, Any]]] = {}
    for record in found(names.decisions):
        form = record.key or b""
        decided = json.loads((record.value or b"").replace(form, b"user"))
        decided["features"].pop("delay_ms", None)  # of its own append time, as is whether it is late
        del decided["source"], decided["late"]
        by_form.setdefault(form, []).append(decided)
    assert by_form[b"avro"] == by_form[b"protobuf"] == by_form[b"json"] == by_form[b"plain"]
    assert [one["amount"] for one in by_form[b"avro"]] == [12.5 * n for n in range(6)]
    [refused] = found(names.refusals)
    assert refused.headers["reason"] == b"unknown_schema: the registry knows no schema 99"
    assert refused.value == framed(99, b"{}")


def in_form(form: str, numbers: Mapping[str, int], payment: Mapping[str, Any]) -> bytes:
    if form == "protobuf":
        given = {name: value for name, value in payment.items() if value is not None}
        return in_frame(numbers[form], Compiled(PROTOBUF).message("Payment", **given))
    if form != "avro":
        content = json.dumps(payment).encode()
        return framed(numbers[form], content) if form in numbers else content
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(PAYMENT), payment)
    return framed(numbers[form], written.getvalue())


def test_one_broker_dies_then_another_and_nothing_is_lost_or_decided_twice(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    cluster = elsewhere.kafka
    names, load = stack.profile.topics, workload()
    sender = Sender(stack.kafka)
    for number, (key, value) in enumerate(load.events(EVENTS)):
        if number == EVENTS // 3:
            cluster.kill(1)
        if number == 2 * EVENTS // 3:
            assert sender.flush(120) == 0
            cluster.start(1)
            await_that(lambda: in_sync(stack) == {3}, "the first broker has caught up")
            cluster.kill(2)
        sender.send(names.transactions, value, key)
    assert (sender.flush(120), sender.failed) == (0, 0)
    each_is_decided_once(stack, load)


def change_every_password_and_certificate(stack: Stack, elsewhere: Elsewhere, time: int) -> None:
    """What tests/soak tries, the first or a later time: nothing is lost or decided twice by it."""
    names, load = stack.profile.topics, workload()
    events = iter(load.events(EVENTS))
    # by a way in that nothing is changed about: events go on to arrive
    sender = Sender(elsewhere.kafka.inner)

    def send(count: int) -> None:
        for key, value in islice(events, count):
            sender.send(names.transactions, value, key)
        assert (sender.flush(120), sender.failed) == (0, 0)

    send(EVENTS // 3)
    await_decisions(stack, load, EVENTS // 3)
    authority = Authority(elsewhere.folder / f"authority-{time}", f"CA {time}")
    kafka, store = f"{NEXT_PASSWORD}-{time}", f"store-{time}"
    elsewhere.renew(authority, kafka, store)
    send(EVENTS // 3)
    await_that(lambda: "Kafka at" in said_of_the_job(stack), "the job says why it does not run")
    elsewhere.take(authority, kafka, store)
    send(EVENTS - 2 * (EVENTS // 3))
    each_is_decided_once(stack, load)
    data_of(stack, "sinks", "status")
    await_that(lambda: said_of_the_job(stack) == "", "the job has nothing to say any more")
    assert holds_the_secret(stack) == []


def said_of_the_job(stack: Stack) -> str:
    return ((state := jobs.keeper_state(stack)) and state.last_error) or ""


def each_is_decided_once(stack: Stack, load: Workload) -> None:
    """In one way, if more than once, and every store has all of it."""
    found = await_decisions(stack, load, EVENTS)
    assert {len({one.value for one in logged}) for logged in found.values()} == {1}
    await_sinks(stack)
    data_of(stack, "verify", "sinks")


def in_sync(stack: Stack) -> set[int]:
    """How many copies of our partitions are up to date."""

    topic = metadata(stack.kafka, 10).topics[stack.profile.topics.decisions]
    return {len(one.isrs) for one in topic.partitions.values()}
