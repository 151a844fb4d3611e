"""A person is forgotten on a real broker and in real stores: writers, verification and readers know it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fraudctl.decisions import deadletters, erasure, finding
from fraudctl.engines import workers
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, forgotten, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.settings import reading
from fraudctl.traffic import labels
from fraudctl.verify import KafkaLog, Kind, Verification
from pipeline import sinks
from pipeline.metrics import SinkStatus
from pipeline.process.decisions_log import DecisionsLog
from pipeline.projector import Config, Projector
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.label import label
from pipeline.sinks import ReadBack, reads_back
from tests.decisions import decided
from tests.kafka_cluster import Cluster
from tests.waiting import await_that

NUMBERS = itertools.count()
BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
WHO, NEIGHBOUR = "canary-ada", "neighbour-bob"


@pytest.fixture
def stack(broker: Cluster, postgres_server: Any, redis_server: Any, tmp_path: Path) -> Stack:
    """A home whose topics and stores are there, and whose programs do not run."""
    number = next(NUMBERS)
    profile = reading.load("default")
    named = {name: f"{topic}.{number}" for name, topic in vars(profile.topics).items()}
    profile = replace(profile, topics=replace(profile.topics, **named), partitions=1)
    addresses = {"kafka": broker.at("INNER"), "flink": "127.0.0.1:1"}
    addresses |= {"postgres": postgres_server.address, "redis": redis_server.address}
    made = Stack(tmp_path, profile, addresses)
    admin.create(made.kafka, wanted.specs(profile))
    workers.write_configurations(made)
    for name in workers.sinks(made):
        with opened(made, name) as sink:
            for user in (WHO, NEIGHBOUR):
                sink.erase(user)
    return made


def opened(stack: Stack, name: str) -> closing[ReadBack]:
    config = workers.writer(stack, name)
    sink = sinks.connect(config.sink, config.address, config.secret_file, config.settings)
    assert reads_back(sink)
    return closing(sink)


def append(stack: Stack, *decisions: Delivery) -> None:
    """Decisions as the job writes them, each with a transaction before it."""
    sender, topics = Sender(stack.kafka), stack.profile.topics
    for one in decisions:
        place = f'"topic":"{topics.transactions}"'.encode()
        value = one.value.replace(b'"topic":"risk.transactions"', place)
        sender.send(topics.transactions, b'{"user_id":"%s"}' % (one.key or b""), one.key, partition=0)
        sender.send(topics.decisions, value, one.key, {"run": str(one.run).encode()}, partition=0)
    assert (sender.flush(), sender.failed) == (0, 0)


def write(stack: Stack, name: str) -> None:
    """What the sink's writer does until it has caught up."""
    config = workers.writer(stack, name)
    with closing(DecisionsLog(config.membership)) as log, opened(stack, name) as sink:
        writer = Projector(log, sink, SinkStatus(name), lambda _: None)
        await_that(lambda: writer.step() or log.lag() == 0, f"{name} has caught up")


def write_all(stack: Stack) -> None:
    for name in workers.sinks(stack):
        write(stack, name)


def held(stack: Stack, user: str) -> dict[str, set[str]]:
    """The events of a user in each store."""
    found = {}
    for name in workers.sinks(stack):
        with opened(stack, name) as sink:
            found[name] = {event for _, event in sink.of_user(user)}
    return found


def everywhere(stack: Stack, *events: str) -> dict[str, set[str]]:
    return {name: set(events) for name in workers.sinks(stack)}


def verification(stack: Stack) -> Verification:
    topic = stack.profile.topics.decisions
    configs: Sequence[Config] = [workers.writer(stack, name) for name in workers.sinks(stack)]
    return Verification(KafkaLog(stack.kafka, topic, forgotten.of(stack)), configs, stack.home / "verify")


def faults(stack: Stack) -> set[tuple[Kind, str]]:
    """What differs of the users of these tests: the stores hold those of others as well."""
    with verification(stack) as checked:
        shown = checked.check().shown
    return {(one.kind, one.identity[1]) for one in shown if one.identity[0] in (WHO, NEIGHBOUR)}


def old(user: str = WHO) -> list[Delivery]:
    return [decided(f"{user}-{n}", BURST, user_id=user, offset=n, ip="203.0.113.9") for n in range(2)]


def test_what_is_forgotten_is_held_by_no_store_and_no_reader_of_the_log_brings_it_back(stack: Stack) -> None:
    append(stack, *old(), *old(NEIGHBOUR))
    write_all(stack)
    before = everywhere(stack, f"{WHO}-0", f"{WHO}-1")
    assert held(stack, WHO) == before
    assert erasure.found(stack, WHO).places == {"postgres": 2, "redis": 2}
    assert held(stack, WHO) == before, "looking changes nothing"

    assert erasure.forget(stack, WHO).places == {"postgres": 2, "redis": 2}
    assert held(stack, WHO) == everywhere(stack)
    assert held(stack, NEIGHBOUR) == everywhere(stack, f"{NEIGHBOUR}-0", f"{NEIGHBOUR}-1")
    assert faults(stack) == set()

    for name in workers.sinks(stack):
        group, topic = workers.writer(stack, name).group, stack.profile.topics.decisions
        admin.reset(stack.kafka, group, topic, {0: 0})
    append(stack, *(one._replace(run=2) for one in old()))  # decided again by a job that knows of nothing
    write_all(stack)
    assert held(stack, WHO) == everywhere(stack)
    assert faults(stack) == set()
    assert finding.logged(stack, f"{WHO}-0", None) == []
    assert len(finding.logged(stack, f"{NEIGHBOUR}-0", None)) == 1
    assert erasure.forget(stack, WHO).places == {"postgres": 0, "redis": 0}, "it may be repeated"


def test_who_pays_again_is_stored_also_what_came_while_he_was_forgotten(stack: Stack) -> None:
    append(stack, *old())
    write_all(stack)

    def meanwhile(what: str) -> None:
        if what == "erasing from postgres":
            append(stack, decided(f"{WHO}-new", BURST, user_id=WHO, offset=2))
            write_all(stack)

    erasure.forget(stack, WHO, meanwhile)
    assert held(stack, WHO) == everywhere(stack, f"{WHO}-new")
    append(stack, decided(f"{WHO}-newer", BURST, user_id=WHO, offset=3))
    write_all(stack)
    assert held(stack, WHO) == everywhere(stack, f"{WHO}-new", f"{WHO}-newer")
    assert faults(stack) == set()


def test_what_a_backup_brings_back_is_too_much_for_verification_and_repaired_away(stack: Stack) -> None:
    append(stack, *old())
    write_all(stack)
    erasure.forget(stack, WHO)
    for name in workers.sinks(stack):
        with opened(stack, name) as sink:
            sink.write(old())
    assert faults(stack) == {(Kind.EXTRA, f"{WHO}-0"), (Kind.EXTRA, f"{WHO}-1")}
    with verification(stack) as checked:
        checked.check()
        checked.repair()
    assert held(stack, WHO) == everywhere(stack)


def test_labels_and_dead_letters_of_who_is_forgotten_are_read_no_more(stack: Stack) -> None:
    append(stack, *old())
    topics, sender = stack.profile.topics, Sender(stack.kafka)
    for user in (WHO, NEIGHBOUR):
        made = label((user, f"{user}-0"), True, "analyst", 1_764_000_000_000)
        sender.send(topics.labels, made.value, user.encode(), partition=0)
        stood = {"topic": topics.transactions.encode(), "partition": b"0", "offset": b"0", "reason": b"x"}
        sender.send(topics.refusals, b'{"user_id":"%s"}' % user.encode(), None, stood, partition=0)
    assert (sender.flush(), sender.failed) == (0, 0)
    assert set(labels.newest(stack)) == {(WHO, f"{WHO}-0"), (NEIGHBOUR, f"{NEIGHBOUR}-0")}
    erasure.forget(stack, WHO)
    assert set(labels.newest(stack)) == {(NEIGHBOUR, f"{NEIGHBOUR}-0")}
    assert [one.record.offset for one in deadletters.read_all(stack, topics.refusals)] == [1]


def test_nothing_on_the_topic_of_erasures_names_anybody(stack: Stack) -> None:
    append(stack, *old())
    done = erasure.forget(stack, WHO)
    known = forgotten.of(stack)
    assert list(known.users) == [done.erasure]
    assert WHO not in repr(known.users)
