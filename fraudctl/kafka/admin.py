"""Topics and offsets: create and check topics, ask for offsets, measure and set those of groups.

Knows nothing of transactions or decisions. Times are epoch milliseconds; offsets are given per partition as
`{partition: offset}`. Every failure of the broker is a `FraudctlError` with a hint (`fraudctl.kafka.broker`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ListOffsetsResultInfo,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from fraudctl.errors import Difference, Failed, Unhealthy
from fraudctl.kafka import commits
from fraudctl.kafka.broker import client, metadata, settled, translated
from fraudctl.waiting import until
from pipeline.connections.kafka.description import Kafka

ANSWER_S = 15.0
"""How long one question to the broker may take before it counts as unreachable."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be: its name, number of partitions, and configuration by Kafka's own names."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def create(kafka: Kafka, wanted: Sequence[TopicSpec], wait_s: float = 60.0) -> tuple[str, ...]:
    """Create what is missing, check what is there, wait until every partition has a leader; names created.

    Raises Difference when a topic exists with another number of partitions or another kind of timestamps.
    Other settings of existing topics become the wanted ones where `kafka.alter_topics` says so, else they are
    left: see `differing`.
    """
    admin = client(kafka)
    present = describe(kafka, [s.name for s in wanted])
    for one in wanted:
        if one.name in present:
            _mend(kafka, one, present[one.name])
    missing = [s for s in wanted if s.name not in present]
    with translated(kafka):
        for future in admin.create_topics([as_new(kafka, s) for s in missing]).values() if missing else ():
            _settle(future, KafkaError.TOPIC_ALREADY_EXISTS)
    wait_for_leaders(kafka, {s.name: s.partitions for s in wanted}, wait_s)
    return tuple(s.name for s in missing)


def as_new(kafka: Kafka, one: TopicSpec) -> NewTopic:
    """As it would be made; -1: as many copies as the cluster makes by default."""
    copies, config = kafka.replication or -1, _config(kafka, one)
    return NewTopic(one.name, num_partitions=one.partitions, replication_factor=copies, config=config)


def agree(wanted: TopicSpec, there: TopicSpec) -> None:
    """Raises Difference where a topic that is there cannot be used: its partitions, or what its times are."""
    if there.partitions != wanted.partitions:
        raise Difference(
            f"topic {wanted.name} has {there.partitions} partitions, the profile says {wanted.partitions}",
            hint=f"set partitions: {there.partitions} in the profile, or name another topic there",
            code="topic_differs",
        )
    kind = "message.timestamp.type"
    if kind in wanted.config and there.config.get(kind) != wanted.config[kind]:
        raise Difference(
            f"topic {wanted.name} has {kind}={there.config.get(kind)}, "
            f"the pipeline needs {wanted.config[kind]}",
            hint="name another topic in the profile, or alter this one with Kafka's own tools",
            code="topic_differs",
        )


def differing(kafka: Kafka, wanted: Sequence[TopicSpec]) -> list[str]:
    """What of existing topics is not as wanted, a line for each setting and for their copies."""
    return differing_settings(kafka, wanted) + differing_copies(kafka, wanted)


def differing_settings(kafka: Kafka, wanted: Sequence[TopicSpec]) -> list[str]:
    """Of those that `create` makes as wanted where `alter_topics` says so."""
    there = describe(kafka, [one.name for one in wanted])
    return [
        f"topic {one.name} has {key}={there[one.name].config.get(key)}, the profile says {value}"
        for one in wanted
        if one.name in there
        for key, value in _config(kafka, one).items()
        if there[one.name].config.get(key) != value
    ]


def differing_copies(kafka: Kafka, wanted: Sequence[TopicSpec]) -> list[str]:
    """Nobody changes these here."""
    with translated(kafka):
        known = metadata(kafka, ANSWER_S).topics
    copies = {
        one.name: min(len(each.replicas) for each in known[one.name].partitions.values())
        for one in wanted
        if kafka.replication and one.name in known
    }
    return [
        f"topic {name} has {count} copies, the profile says {kafka.replication}"
        for name, count in copies.items()
        if count != kafka.replication
    ]


def describe(kafka: Kafka, names: Sequence[str]) -> dict[str, TopicSpec]:
    """The named topics as they are, with their whole configuration; those that do not exist are left out."""
    admin = client(kafka)
    counts = _partition_counts(kafka, names)
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in counts]
    found: dict[str, TopicSpec] = {}
    with translated(kafka):
        for resource, future in admin.describe_configs(resources).items() if resources else ():
            entries = future.result(timeout=ANSWER_S)
            config = {key: str(entry.value) for key, entry in entries.items() if entry.value is not None}
            found[resource.name] = TopicSpec(resource.name, counts[resource.name], config)
    return found


def names(kafka: Kafka) -> tuple[str, ...]:
    """Every topic there is, the broker's own left out."""
    with translated(kafka):
        known = metadata(kafka, ANSWER_S).topics
    return tuple(sorted(name for name in known if not name.startswith("__")))


def delete(kafka: Kafka, names: Sequence[str]) -> None:
    """Delete the topics and wait until the broker no longer lists them; one that is not there is no error."""
    admin = client(kafka)
    with translated(kafka):
        for future in admin.delete_topics(list(names)).values() if names else ():
            _settle(future, KafkaError.UNKNOWN_TOPIC_OR_PART)
    until(
        lambda: not _partition_counts(kafka, names),
        ANSWER_S,
        lambda: Unhealthy(
            "topics are still listed after their deletion", hint="look at: fraudctl logs kafka"
        ),
    )


def wait_for_leaders(kafka: Kafka, partitions: Mapping[str, int], wait_s: float) -> None:
    """Return once the broker answers and each topic has that many partitions with a leader."""

    def led() -> bool:
        with translated(kafka):
            known = metadata(kafka, ANSWER_S).topics
        return all(
            name in known
            and len(known[name].partitions) == count
            and all(p.leader >= 0 for p in known[name].partitions.values())
            for name, count in partitions.items()
        )

    until(
        led,
        wait_s,
        lambda: Unhealthy("Kafka has partitions without a leader", hint="look at: fraudctl logs kafka"),
    )


def partitions_of(kafka: Kafka, topic: str) -> int:
    """Number of partitions; Failed when the topic does not exist."""
    count = _partition_counts(kafka, [topic]).get(topic)
    if count is None:
        raise Failed(
            f"topic {topic} does not exist",
            hint="fraudctl up creates the topics of its profile",
            code="no_topic",
        )
    return count


def begin_offsets(kafka: Kafka, topic: str) -> dict[int, int]:
    """Offset of the oldest record still held, per partition."""
    return _list_offsets(kafka, topic, OffsetSpec.earliest())


def end_offsets(kafka: Kafka, topic: str) -> dict[int, int]:
    """Offset that the next record will get, per partition."""
    return _list_offsets(kafka, topic, OffsetSpec.latest())


def newest_appends(kafka: Kafka, topic: str) -> dict[int, int]:
    """The greatest append time, in epoch ms, of each partition that holds a record."""
    found = _listed(kafka, topic, OffsetSpec.max_timestamp())
    return {p: info.timestamp for p, info in found.items() if info.timestamp >= 0}


def offsets_at(kafka: Kafka, topic: str, time_ms: int) -> dict[int, int]:
    """Offset of the first record appended at or after that time, per partition; the end if there is none."""
    ends = end_offsets(kafka, topic)
    found = _list_offsets(kafka, topic, OffsetSpec.for_timestamp(time_ms))
    return {p: found[p] if found.get(p, -1) >= 0 else end for p, end in ends.items()}


def committed(kafka: Kafka, group: str, topic: str) -> dict[int, int]:
    """Offsets the consumer group has committed; partitions without a commit are left out."""
    asked = [(topic, p) for p in range(partitions_of(kafka, topic))]
    return {p: offset for (_, p), offset in commits.committed(kafka, group, asked, ANSWER_S).items()}


def lag(kafka: Kafka, group: str, topic: str) -> dict[int, int]:
    """Records that the group has not committed yet, per partition; all records where it never committed."""
    done, oldest = committed(kafka, group, topic), begin_offsets(kafka, topic)
    return {p: max(0, end - done.get(p, oldest[p])) for p, end in end_offsets(kafka, topic).items()}


def reset(kafka: Kafka, group: str, topic: str, to: Mapping[int, int]) -> None:
    """Set the group's committed offsets. The broker refuses while a member of the group is connected."""
    wanted = [TopicPartition(topic, p, offset) for p, offset in sorted(to.items())]
    admin = client(kafka)
    with translated(kafka):
        futures = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])
        futures[group].result(timeout=ANSWER_S)


def _config(kafka: Kafka, one: TopicSpec) -> dict[str, str]:
    least = {"min.insync.replicas": str(kafka.min_insync)} if kafka.min_insync else {}
    return {**one.config, **least}


def _settle(future: Any, harmless: int) -> None:
    try:
        future.result(timeout=ANSWER_S)
    except KafkaException as error:
        if error.args[0].code() != harmless:
            raise


def _partition_counts(kafka: Kafka, names: Sequence[str]) -> dict[str, int]:
    with translated(kafka):
        known = metadata(kafka, ANSWER_S).topics
    return {
        name: len(known[name].partitions) for name in names if name in known and known[name].error is None
    }


def _mend(kafka: Kafka, wanted: TopicSpec, there: TopicSpec) -> None:
    agree(wanted, there)
    changed = {key: value for key, value in _config(kafka, wanted).items() if there.config.get(key) != value}
    if changed and kafka.alter_topics:
        _alter(kafka, wanted.name, changed)


def _alter(kafka: Kafka, topic: str, config: Mapping[str, str]) -> None:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin = client(kafka)
    with translated(kafka):
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(timeout=ANSWER_S)


def _list_offsets(kafka: Kafka, topic: str, at: OffsetSpec) -> dict[int, int]:
    return {p: info.offset for p, info in _listed(kafka, topic, at).items()}


def _listed(kafka: Kafka, topic: str, at: OffsetSpec) -> dict[int, ListOffsetsResultInfo]:
    def asked() -> dict[int, ListOffsetsResultInfo]:
        places = {TopicPartition(topic, p): at for p in range(partitions_of(kafka, topic))}
        answers = client(kafka).list_offsets(places)
        return {p.partition: future.result(timeout=ANSWER_S) for p, future in answers.items()}

    with translated(kafka):
        return settled(asked, ANSWER_S)
