"""All topics and consumers of a stack at a glance: a handful of questions, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec

from fraudctl.kafka import commits
from fraudctl.kafka.broker import client, member, metadata, settled, translated
from fraudctl.kafka.commits import Place
from pipeline.connections.kafka.description import Kafka

ANSWER_S = 5.0
_Answers = Mapping[TopicPartition, "Future[ListOffsetsResultInfo]"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition holds: from the first offset to the one the next record will get."""

    begin: int
    end: int


def extents(kafka: Kafka, topics: Sequence[str]) -> dict[Place, Extent]:
    """Of every partition of the topics; one that does not exist is left out."""

    def asked() -> dict[Place, Extent]:
        known = metadata(kafka, ANSWER_S).topics
        places = [(topic, number) for topic in topics if topic in known for number in known[topic].partitions]
        answers = [_ask(kafka, places, at) for at in (OffsetSpec.earliest(), OffsetSpec.latest())]
        begin, end = map(_told, answers)
        return {place: Extent(begin[place], end[place]) for place in places}

    with translated(kafka):
        return settled(asked, ANSWER_S)


def lags(
    kafka: Kafka, consumers: Mapping[str, str], found: Mapping[Place, Extent]
) -> dict[str, dict[int, int]]:
    """Records by partition that groups have not committed of their topics, whose extents were asked before.

    `consumers` maps a group to its topic; all records count where it never committed.
    """
    asked = {group: [place for place in found if place[0] == topic] for group, topic in consumers.items()}
    for group in asked:  # each looks for its coordinator meanwhile
        member(kafka, group)
    done = {group: commits.committed(kafka, group, places, ANSWER_S) for group, places in asked.items()}
    return {
        group: {place[1]: _behind(found[place], done[group].get(place)) for place in places}
        for group, places in asked.items()
    }


def _behind(extent: Extent, committed: int | None) -> int:
    return max(0, extent.end - (extent.begin if committed is None else committed))


def _ask(kafka: Kafka, places: Sequence[Place], at: OffsetSpec) -> _Answers:
    return client(kafka).list_offsets({TopicPartition(*place): at for place in places}) if places else {}


def _told(answers: _Answers) -> dict[Place, int]:
    return {(p.topic, p.partition): future.result(timeout=ANSWER_S).offset for p, future in answers.items()}
