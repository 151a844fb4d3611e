"""More partitions for topics that are there; no broker takes any away again."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka.admin import NewPartitions

from fraudctl.kafka import admin
from fraudctl.kafka.broker import client, translated
from pipeline.connections.kafka.description import Kafka


def check(kafka: Kafka, counts: Mapping[str, int]) -> None:
    """Raises what `grow` would, where the broker knows before; changes nothing."""
    _ask(kafka, counts, validate_only=True)


def grow(kafka: Kafka, counts: Mapping[str, int], wait_s: float = 60.0) -> None:
    """Give each of these topics so many partitions, wait until each has a leader. Repeats are harmless."""
    _ask(kafka, counts, validate_only=False)
    admin.wait_for_leaders(kafka, counts, wait_s)


def _ask(kafka: Kafka, counts: Mapping[str, int], validate_only: bool) -> None:
    wanted = [
        NewPartitions(topic, count)
        for topic, count in counts.items()
        if admin.partitions_of(kafka, topic) < count
    ]
    with translated(kafka):
        asked = client(kafka).create_partitions(wanted, validate_only=validate_only) if wanted else {}
        for future in asked.values():
            future.result(timeout=admin.ANSWER_S)
