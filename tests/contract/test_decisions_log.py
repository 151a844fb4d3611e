"""The log of decisions as a writer reads it: commits, and what lies in frames."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from threading import Timer

import pytest

from fraudctl.kafka import admin, tail
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from pipeline.process import decisions_log
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.records.decision_record import Delivery
from pipeline.records.framed import framed
from tests import kafka_clients
from tests.kafka_cluster import Cluster
from tests.waiting import await_that


def test_a_commit_that_nobody_answers_holds_nothing_up_and_is_made_up_for(
    broker: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions_log, "_COMMIT_S", 2.0)
    admin.create(broker.inner, [TopicSpec("committed", 1), TopicSpec("committed-dead", 1)])
    sender, got, node = Sender(broker.inner), list[Delivery](), broker.brokers[0].process
    assert node is not None
    sender.send("committed", b"1")
    assert sender.flush(60) == 0
    log = DecisionsLog(Membership(broker.inner, "committers", "committed", "committed-dead"))
    at_last = Timer(60, node.send_signal, (signal.SIGCONT,))
    try:
        await_that(lambda: got.extend(log.read(100, 0.2)) or got, "the one")
        at_last.start()
        node.send_signal(signal.SIGSTOP)
        log.commit({0: 1})
        assert log.lag() in (None, 1)
        assert at_last.is_alive(), "other calls have waited for the broker"
        node.send_signal(signal.SIGCONT)
        await_that(lambda: read_on(log, got), "no lag")
        assert admin.committed(broker.inner, "committers", "committed") == {0: 1}
    finally:
        at_last.cancel()
        node.send_signal(signal.SIGCONT)
        log.close()
    assert {one.value for one in got} == {b"1"}


def read_on(log: DecisionsLog, got: list[Delivery]) -> bool:
    """Whether all is committed: by itself, or since it came again to who had lost its place."""
    if batch := log.read(100, 0.2):
        got.extend(batch)
        log.commit({0: batch[-1].offset + 1})
    return log.lag() == 0


def test_who_ends_leaves_no_client_while_a_broker_that_owes_it_an_answer_is_still_frozen(
    broker: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions_log, "_COMMIT_S", 1.0)
    admin.create(broker.inner, [TopicSpec("left", 1), TopicSpec("left-dead", 1)])
    sender, got, node = Sender(broker.inner), list[Delivery](), broker.brokers[0].process
    assert node is not None
    sender.send("left", b"1")
    assert sender.flush(60) == 0
    before = kafka_clients.count()
    log = DecisionsLog(Membership(broker.inner, "leavers", "left", "left-dead"))
    try:
        await_that(lambda: got.extend(log.read(100, 0.2)) or got, "the one")
        log.dead_letter([Refused(got[0])])
        node.send_signal(signal.SIGSTOP)
        log.commit({0: 1})
        log.close()
        await_that(
            lambda: kafka_clients.count() <= before, "the consumer is gone, and the producer of dead letters"
        )
    finally:
        node.send_signal(signal.SIGCONT)


def test_who_ends_leaves_no_client_of_its_own(broker: Cluster) -> None:
    admin.create(broker.inner, [TopicSpec("ended", 1), TopicSpec("ended-dead", 1)])
    before = kafka_clients.count()
    log = DecisionsLog(Membership(broker.inner, "enders", "ended", "ended-dead"))
    log.dead_letter([Refused(Delivery(b"one", 0, 4, 1, 5))])
    log.close()
    await_that(lambda: kafka_clients.count() <= before, "neither consumer nor producer is there")


@dataclass(frozen=True)
class Refused:
    """What a store would not take."""

    delivery: Delivery
    reason: str = "too large"


def test_a_decision_in_a_frame_is_read_without_it_and_put_aside_with_it(broker: Cluster) -> None:
    admin.create(broker.inner, [TopicSpec("framed", 1), TopicSpec("put-aside", 1)])
    sender = Sender(broker.inner)
    for value in (framed(7, b'{"event_id":"a"}'), b'{"event_id":"b"}'):
        sender.send("framed", value, b"ada", {"run": b"1"})
    sender.send("framed", framed(7, b"none of ours"), b"ada")
    assert (sender.flush(30), sender.failed) == (0, 0)
    log, got = DecisionsLog(Membership(broker.inner, "framers", "framed", "put-aside")), list[Delivery]()
    try:
        await_that(lambda: got.extend(log.read(100, 0.2)) or len(got) == 3, "three records")
        log.dead_letter([Refused(one) for one in got[:2]])
    finally:
        log.close()
    whole = framed(7, b'{"event_id":"a"}')
    assert [(one.framed, one.value) for one in got[:2]] == [
        (whole, b'{"event_id":"a"}'),
        (b"", b'{"event_id":"b"}'),
    ]
    found = list(tail.records(broker.inner, "framed", {0: 0}))
    assert [(one.framed, one.value) for one in found] == [
        (whole, b'{"event_id":"a"}'),
        (b"", b'{"event_id":"b"}'),
        (b"", framed(7, b"none of ours")),
    ]
    letters = tail.records(broker.inner, "put-aside", {0: 0})
    assert [one.as_it_lies for one in letters] == [framed(7, b'{"event_id":"a"}'), b'{"event_id":"b"}']
    with tail.Tail(broker.inner, "framed", {0: 0}, gather_ms=20) as reader:
        values: list[bytes] = []
        await_that(lambda: values.extend(reader.values(0.2)) or len(values) == 3, "three values")
    assert values[:2] == [b'{"event_id":"a"}', b'{"event_id":"b"}']
