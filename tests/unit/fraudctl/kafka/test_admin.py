from __future__ import annotations

import dataclasses

import pytest

from fraudctl.errors import Unhealthy
from fraudctl.kafka import admin, wanted
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.settings import reading
from pipeline.connections.kafka.description import Kafka
from tests.ports import free_port

APPEND = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}


def closed_port() -> Kafka:
    return Kafka(bootstrap=f"127.0.0.1:{free_port()}")


def test_a_profile_needs_its_seven_topics_and_a_dead_letter_topic_for_each_sink() -> None:
    shipped = reading.load("default", {}, {})
    small = dataclasses.replace(shipped, partitions=3, retention_ms=-1, max_message_bytes=1_000)
    wide = APPEND | {"max.message.bytes": "1000"}
    assert wanted.specs(small) == (
        TopicSpec("risk.transactions", 3, wide | {"compression.type": "uncompressed"}),
        TopicSpec("risk.decisions", 3, wide),
        TopicSpec("risk.transactions.dlq", 3, APPEND),
        TopicSpec("risk.labels", 3, APPEND),
        TopicSpec("risk.shadow", 3, wide),
        TopicSpec("risk.rules", 1, wide),
        TopicSpec("risk.forgotten", 1, APPEND | {"cleanup.policy": "compact"}),
        *(TopicSpec(f"risk.decisions.dlq.{sink}", 3, wide) for sink in shipped.sinks),
    )


def test_activations_are_kept_whatever_the_retention_of_the_rest() -> None:
    short = dataclasses.replace(reading.load("default", {}, {}), retention_ms=1_000)
    kept = {one.name: one.config["retention.ms"] for one in wanted.specs(short)}
    assert {name for name, retention in kept.items() if retention == "-1"} == {"risk.rules", "risk.forgotten"}


def test_a_broker_that_is_away_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ANSWER_S", 0.5)
    with pytest.raises(Unhealthy) as caught:
        admin.end_offsets(closed_port(), "risk.transactions")
    assert caught.value.code == "kafka_unreachable"
    assert caught.value.hint == "see which server is down with: fraudctl status; then: fraudctl restart kafka"


def test_a_record_that_no_broker_takes_is_reported_as_failed() -> None:
    deliveries: list[Sent] = []
    sender = Sender(closed_port(), deliveries.append, give_up_s=0.3)
    sender.send("risk.transactions", b"{}", b"u", token="first")
    assert sender.flush(10) == 0
    [delivery] = deliveries
    assert (sender.failed, delivery.token, delivery.error is None) == (1, "first", False)
