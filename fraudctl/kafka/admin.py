"""Kafka from the outside: create and check topics, send records, read them, measure lag.

The only module of `fraudctl` that imports the Kafka client. It knows topics, partitions and offsets, and
nothing of transactions or decisions. Times are epoch milliseconds; offsets are given per partition as
`{partition: offset}`. Every failure of the broker leaves this module as a `FraudctlError` with a hint.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from fraudctl.errors import Difference, Failed, FraudctlError, Unhealthy
from fraudctl.waiting import until
from pipeline.records.names import dead_letters

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

ANSWER_S = 15.0
"""How long one question to the broker may take before it counts as unreachable."""
REPORT_S = 30.0
"""Within that after a sender has given up on a record, its report has come."""
LARGEST_RECORD = 16 * 1024 * 1024
READ_AHEAD_KB = 16_384
"""What a tail keeps of records not yet asked for; the client's own default is four times that."""
GATHERED_BYTES = 256 * 1024
"""A reader that gathers is answered sooner when that much has come together."""

_UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.BROKER_NOT_AVAILABLE,
    }
)
_SETTLING = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})
"""What a partition answers that was made a moment ago, although its leader is already known."""
_log = logging.getLogger("fraudctl.kafka")
_log.addHandler(logging.NullHandler())
_log.propagate = False


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be: its name, number of partitions, and configuration by Kafka's own names."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One record read from a topic. `append_ms` is the broker's append time."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one sent record: where it lies, or why the broker did not take it (`error`)."""

    token: Any
    partition: int
    offset: int
    append_ms: int
    error: str | None


FOREVER = {"retention.ms": "-1"}
"""For the rules topic: each activation builds on the one before, so all of them are needed."""


def specs(profile: Profile) -> tuple[TopicSpec, ...]:
    """Every topic that a stack with this profile needs, dead letters of its sinks included."""
    names = profile.topics
    wide = {"max.message.bytes": str(profile.max_message_bytes)}
    parts = profile.partitions
    dead = tuple(dead_letters(names.decisions, sink) for sink in profile.sinks)
    return (
        spec(profile, names.transactions, parts, wide),
        spec(profile, names.decisions, parts, wide),
        *(spec(profile, name, parts) for name in (names.refusals, names.labels)),
        spec(profile, names.shadow, parts, wide),
        spec(profile, names.rules, 1, wide | FOREVER),
        *(spec(profile, name, parts, wide) for name in dead),
    )


def spec(profile: Profile, name: str, partitions: int, more: Mapping[str, str] | None = None) -> TopicSpec:
    """One topic with the profile's retention and append times set by the broker."""
    fixed = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(profile.retention_ms)}
    return TopicSpec(name, partitions, fixed | dict(more or {}))


def create(bootstrap: str, wanted: Sequence[TopicSpec], wait_s: float = 60.0) -> tuple[str, ...]:
    """Create what is missing, check what is there, wait until every partition has a leader; names created.

    Raises Difference when a topic exists with another number of partitions or another kind of timestamps;
    retention and record size of existing topics are brought to the wanted values.
    """
    admin = _admin(bootstrap)
    present = _partition_counts(admin, bootstrap, [s.name for s in wanted])
    for one in wanted:
        if one.name in present:
            _check(bootstrap, one, present[one.name])
    missing = [s for s in wanted if s.name not in present]
    with _translated(bootstrap):
        for future in admin.create_topics([_new(s) for s in missing]).values() if missing else ():
            _settle(future, KafkaError.TOPIC_ALREADY_EXISTS)
    wait_for_leaders(bootstrap, {s.name: s.partitions for s in wanted}, wait_s)
    return tuple(s.name for s in missing)


def describe(bootstrap: str, names: Sequence[str]) -> dict[str, TopicSpec]:
    """The named topics as they are, with their whole configuration; those that do not exist are left out."""
    admin = _admin(bootstrap)
    counts = _partition_counts(admin, bootstrap, names)
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in counts]
    found: dict[str, TopicSpec] = {}
    with _translated(bootstrap):
        for resource, future in admin.describe_configs(resources).items() if resources else ():
            entries = future.result(timeout=ANSWER_S)
            config = {key: str(entry.value) for key, entry in entries.items() if entry.value is not None}
            found[resource.name] = TopicSpec(resource.name, counts[resource.name], config)
    return found


def names(bootstrap: str) -> tuple[str, ...]:
    """Every topic there is, the broker's own left out."""
    with _translated(bootstrap):
        known = _admin(bootstrap).list_topics(timeout=ANSWER_S).topics
    return tuple(sorted(name for name in known if not name.startswith("__")))


def delete(bootstrap: str, names: Sequence[str]) -> None:
    """Delete the topics and wait until the broker no longer lists them; one that is not there is no error."""
    admin = _admin(bootstrap)
    with _translated(bootstrap):
        for future in admin.delete_topics(list(names)).values() if names else ():
            _settle(future, KafkaError.UNKNOWN_TOPIC_OR_PART)
    until(
        lambda: not _partition_counts(admin, bootstrap, names),
        ANSWER_S,
        lambda: Unhealthy(
            "topics are still listed after their deletion", hint="look at: fraudctl logs kafka"
        ),
    )


def wait_for_leaders(bootstrap: str, partitions: Mapping[str, int], wait_s: float) -> None:
    """Return once the broker answers and each topic has that many partitions with a leader."""
    admin = _admin(bootstrap)

    def led() -> bool:
        with _translated(bootstrap):
            known = admin.list_topics(timeout=ANSWER_S).topics
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


def partitions_of(bootstrap: str, topic: str) -> int:
    """Number of partitions; Failed when the topic does not exist."""
    count = _partition_counts(_admin(bootstrap), bootstrap, [topic]).get(topic)
    if count is None:
        raise Failed(
            f"topic {topic} does not exist",
            hint="fraudctl up creates the topics of its profile",
            code="no_topic",
        )
    return count


def begin_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """Offset of the oldest record still held, per partition."""
    return _list_offsets(bootstrap, topic, OffsetSpec.earliest())


def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """Offset that the next record will get, per partition."""
    return _list_offsets(bootstrap, topic, OffsetSpec.latest())


def offsets_at(bootstrap: str, topic: str, time_ms: int) -> dict[int, int]:
    """Offset of the first record appended at or after that time, per partition; the end if there is none."""
    ends = end_offsets(bootstrap, topic)
    found = _list_offsets(bootstrap, topic, OffsetSpec.for_timestamp(time_ms))
    return {p: found[p] if found.get(p, -1) >= 0 else end for p, end in ends.items()}


def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Offsets the consumer group has committed; partitions without a commit are left out."""
    asked = [TopicPartition(topic, p) for p in range(partitions_of(bootstrap, topic))]
    admin = _admin(bootstrap)
    with _translated(bootstrap):
        futures = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, asked)])
        answer = futures[group].result(timeout=ANSWER_S)
    return {p.partition: p.offset for p in answer.topic_partitions or () if p.offset >= 0}


def lag(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Records that the group has not committed yet, per partition; all records where it never committed."""
    done, oldest = committed(bootstrap, group, topic), begin_offsets(bootstrap, topic)
    return {p: max(0, end - done.get(p, oldest[p])) for p, end in end_offsets(bootstrap, topic).items()}


def reset(bootstrap: str, group: str, topic: str, to: Mapping[int, int]) -> None:
    """Set the group's committed offsets. The broker refuses while a member of the group is connected."""
    wanted = [TopicPartition(topic, p, offset) for p, offset in sorted(to.items())]
    admin = _admin(bootstrap)
    with _translated(bootstrap):
        futures = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])
        futures[group].result(timeout=ANSWER_S)


class Tail:
    """A reader that is placed at its offsets from the start, so that nothing sent after that is missed.

    `start` is a mapping of offsets, "earliest" or "latest" (the end offsets at this moment). With `gather_ms`
    the broker gathers records that long before it answers, which costs everyone far less at high rates.
    Belongs to no consumer group and commits nothing. Use as a context manager.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        start: Mapping[int, int] | str = "latest",
        gather_ms: int | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self.topic = topic
        if isinstance(start, str):
            start = begin_offsets(bootstrap, topic) if start == "earliest" else end_offsets(bootstrap, topic)
        self.positions: dict[int, int] = dict(start)
        """Offset of the next record to be read, per partition."""
        settings = {
            "bootstrap.servers": bootstrap,
            "group.id": "fraudctl-tail",
            "enable.auto.commit": False,
            "enable.partition.eof": gather_ms is None,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50 if gather_ms is None else gather_ms,
            "fetch.min.bytes": 1 if gather_ms is None else GATHERED_BYTES,
            "queued.max.messages.kbytes": READ_AHEAD_KB,
            "fetch.queue.backoff.ms": 5,  # the client's own second would be most of the time of a long read
        }
        self._consumer = Consumer(settings, logger=_log)
        with _translated(bootstrap):
            self._consumer.assign([TopicPartition(topic, p, o) for p, o in self.positions.items()])

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the broker; the tail is of no use afterwards."""
        self._consumer.close()

    def read(self, wait_s: float = 0.2, most: int = 5_000) -> list[Record]:
        """Records that arrive within `wait_s`, at most `most`; an empty list when there are none.

        A broker that is away is not an error here: the client reconnects, and the caller bounds its patience.
        """
        records = []
        with _translated(self._bootstrap):
            messages = self._consumer.consume(most, wait_s)
        for message in messages:
            error = message.error()
            if error is None:
                record = _record(message)
                self.positions[record.partition] = record.offset + 1
                records.append(record)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end(message)
            elif not (error.retriable() or error.code() in _UNREACHABLE):
                raise _failure(self._bootstrap, error)
        return records

    def values(self, wait_s: float, most: int = 5_000) -> list[bytes]:
        """The values alone of records that arrive within `wait_s`: cheap enough not to disturb a measurement.

        `positions` do not follow, so a tail is read either this way or with `read`; so is one that gathers.
        """
        with _translated(self._bootstrap):
            messages = self._consumer.consume(most, wait_s)
        return [message.value() or b"" for message in messages if message.error() is None]

    def _at_end(self, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None and offset > self.positions.get(partition, 0):
            self.positions[partition] = offset


def tail(
    bootstrap: str,
    topic: str,
    start: Mapping[int, int] | str = "earliest",
    follow: bool = False,
    patience_s: float = 30.0,
    ends: Mapping[int, int] | None = None,
) -> Iterator[Record]:
    """Records from `start` up to `ends` (the end offsets of this moment), or for ever with `follow`.

    Order holds within a partition only. Unhealthy when nothing arrives for `patience_s` before the end.
    """
    ends = {} if follow else end_offsets(bootstrap, topic) if ends is None else ends
    with Tail(bootstrap, topic, start) as reader:
        heard = time.monotonic()
        while follow or any(reader.positions.get(p, end) < end for p, end in ends.items()):
            records = reader.read()
            yield from (r for r in records if follow or r.offset < ends.get(r.partition, 0))
            if records:
                heard = time.monotonic()
            elif not follow and time.monotonic() - heard > patience_s:
                raise unreachable(bootstrap, f"reading {topic} stalled at {reader.positions}")


class Sender:
    """An idempotent producer (acks all, records with a key placed as Java clients place them).

    `on_delivery` is called, from within `send`, `serve` and `flush`, once for every record sent. Without it
    only failures are counted, which costs the sender a third of its time less.
    """

    def __init__(
        self,
        bootstrap: str,
        on_delivery: Callable[[Delivery], None] | None = None,
        give_up_s: float = 120.0,
        linger_ms: int = 1,
    ) -> None:
        self._bootstrap = bootstrap
        self._on_delivery = on_delivery
        self._give_up_s = give_up_s
        self.failed = 0
        """Records that the broker did not take within `give_up_s`."""
        settings = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",
            "linger.ms": linger_ms,
            "message.max.bytes": LARGEST_RECORD,
            "message.timeout.ms": int(give_up_s * 1000),
            "queue.buffering.max.messages": 200_000,
            "delivery.report.only.error": on_delivery is None,
        }
        self._producer = Producer(settings, logger=_log)

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: Mapping[str, bytes] | None = None,
        partition: int = -1,
        token: Any = None,
    ) -> None:
        """Hand one record over, waiting while the buffer is full. `token` returns in the Delivery."""

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(token, error, message)

        report = self._failed if self._on_delivery is None else delivered
        while True:
            try:
                pairs = list(headers.items()) if headers else None
                self._producer.produce(topic, value, key, partition, report, headers=pairs)
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise _failure(self._bootstrap, error.args[0]) from error
        self._producer.poll(0)

    def serve(self, wait_s: float = 0.0) -> None:
        """Let delivery reports come in, for at most `wait_s` when there are none."""
        self._producer.poll(wait_s)

    def flush(self, wait_s: float | None = None) -> int:
        """Wait until everything is delivered or given up; the number still under way after `wait_s`.

        Nobody may take these for delivered: their reports never come. Without `wait_s` it waits longer than
        `give_up_s`, so that there are some only when the client itself is stuck.
        """
        return int(self._producer.flush(self._give_up_s + REPORT_S if wait_s is None else wait_s))

    def _failed(self, error: KafkaError | None, message: Message) -> None:
        self.failed += error is not None

    def _delivered(self, token: Any, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed += 1
        if self._on_delivery is None:
            return
        partition, offset = message.partition(), message.offset()
        reason = None if error is None else f"{error.name()}: {error.str()}"
        self._on_delivery(
            Delivery(
                token,
                -1 if partition is None else partition,
                -1 if offset is None else offset,
                message.timestamp()[1],
                reason,
            )
        )


def _record(message: Message) -> Record:
    pairs = message.headers()
    headers = {key: b"" if value is None else value for key, value in pairs} if pairs else {}
    return Record(
        message.topic() or "",
        -1 if (p := message.partition()) is None else p,
        -1 if (o := message.offset()) is None else o,
        message.timestamp()[1],
        message.key(),
        message.value(),
        headers,
    )


@functools.lru_cache(maxsize=4)
def _admin(bootstrap: str) -> AdminClient:
    """One per broker: whoever watches a lag asks several times a second."""
    return AdminClient(
        {"bootstrap.servers": bootstrap, "socket.connection.setup.timeout.ms": 5000}, logger=_log
    )


def _new(one: TopicSpec) -> NewTopic:
    return NewTopic(one.name, num_partitions=one.partitions, replication_factor=-1, config=dict(one.config))


def _settle(future: Any, harmless: int) -> None:
    try:
        future.result(timeout=ANSWER_S)
    except KafkaException as error:
        if error.args[0].code() != harmless:
            raise


def _partition_counts(admin: AdminClient, bootstrap: str, names: Sequence[str]) -> dict[str, int]:
    with _translated(bootstrap):
        known = admin.list_topics(timeout=ANSWER_S).topics
    return {
        name: len(known[name].partitions) for name in names if name in known and known[name].error is None
    }


def _check(bootstrap: str, wanted: TopicSpec, partitions: int) -> None:
    if partitions != wanted.partitions:
        raise Difference(
            f"topic {wanted.name} has {partitions} partitions, the profile says {wanted.partitions}",
            hint=f"set partitions: {partitions} in the profile, or name another topic there",
            code="topic_differs",
        )
    there = describe(bootstrap, [wanted.name])[wanted.name].config
    kind = "message.timestamp.type"
    if kind in wanted.config and there.get(kind) != wanted.config[kind]:
        raise Difference(
            f"topic {wanted.name} has {kind}={there.get(kind)}, the pipeline needs {wanted.config[kind]}",
            hint="name another topic in the profile, or alter this one with Kafka's own tools",
            code="topic_differs",
        )
    changed = {key: value for key, value in wanted.config.items() if there.get(key) != value}
    if changed:
        _alter(bootstrap, wanted.name, changed)


def _alter(bootstrap: str, topic: str, config: Mapping[str, str]) -> None:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin = _admin(bootstrap)
    with _translated(bootstrap):
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(timeout=ANSWER_S)


def _list_offsets(bootstrap: str, topic: str, at: OffsetSpec) -> dict[int, int]:
    asked = {TopicPartition(topic, p): at for p in range(partitions_of(bootstrap, topic))}
    admin = _admin(bootstrap)
    with _translated(bootstrap):
        failures: list[KafkaException] = []

        def answered() -> dict[int, int] | None:
            try:
                answers = admin.list_offsets(asked)
                return {p.partition: future.result(timeout=ANSWER_S).offset for p, future in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in _SETTLING:
                    raise
                failures.append(error)
                return None

        return until(answered, ANSWER_S, lambda: failures[-1], every_s=0.05)


@contextmanager
def _translated(bootstrap: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        _admin.cache_clear()
        raise _failure(bootstrap, error.args[0]) from error
    except TimeoutError as error:
        # an admin client that was there when the broker was killed may never answer again
        _admin.cache_clear()
        raise unreachable(bootstrap, "no answer in time") from error


def _failure(bootstrap: str, error: KafkaError) -> FraudctlError:
    if error.code() in _UNREACHABLE:
        return unreachable(bootstrap, error.str())
    return Failed(
        f"Kafka refused: {error.str()} ({error.name()})",
        hint="look at: fraudctl logs kafka",
        code="kafka_refused",
    )


def unreachable(bootstrap: str, detail: str) -> FraudctlError:
    """The error for a broker that does not answer as it should."""
    return Unhealthy(
        f"Kafka at {bootstrap} cannot be reached: {detail}",
        hint="see which server is down with: fraudctl status; then: fraudctl restart kafka",
        code="kafka_unreachable",
    )
