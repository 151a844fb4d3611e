"""All topics and consumers of a stack at a glance: a handful of questions, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec

from fraudctl.kafka.broker import client, metadata, translated
from pipeline.connections.kafka.description import Kafka

ANSWER_S = 5.0
Place = tuple[str, int]
"""A topic and the number of a partition."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition holds: from the first offset to the one the next record will get."""

    begin: int
    end: int


def extents(kafka: Kafka, topics: Sequence[str]) -> dict[Place, Extent]:
    """Of every partition of the topics; one that does not exist is left out."""
    with translated(kafka):
        known = metadata(kafka, ANSWER_S).topics
        places = [(topic, number) for topic in topics if topic in known for number in known[topic].partitions]
        begin, end = (_offsets(kafka, places, at) for at in (OffsetSpec.earliest(), OffsetSpec.latest()))
    return {place: Extent(begin[place], end[place]) for place in places}


def lags(
    kafka: Kafka, consumers: Mapping[str, str], found: Mapping[Place, Extent]
) -> dict[str, dict[int, int]]:
    """Records by partition that groups have not committed of their topics, whose extents were asked before.

    `consumers` maps a group to its topic; all records count where it never committed.
    """
    admin, asked = client(kafka), {}
    with translated(kafka):
        for group, topic in consumers.items():
            places = [TopicPartition(topic, number) for name, number in found if name == topic]
            answers = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])
            asked[group] = answers[group]
        told = {group: future.result(timeout=ANSWER_S) for group, future in asked.items()}
    return {
        group: {
            at.partition: _behind(found[at.topic, at.partition], at.offset)
            for at in answer.topic_partitions or ()
        }
        for group, answer in told.items()
    }


def _behind(extent: Extent, committed: int) -> int:
    return max(0, extent.end - (committed if committed >= 0 else extent.begin))


def _offsets(kafka: Kafka, places: Sequence[Place], at: OffsetSpec) -> dict[Place, int]:
    if not places:
        return {}
    answers = client(kafka).list_offsets({TopicPartition(*place): at for place in places})
    return {(p.topic, p.partition): future.result(timeout=ANSWER_S).offset for p, future in answers.items()}
