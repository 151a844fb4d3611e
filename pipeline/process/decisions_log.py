"""The decisions topic as one member of a consumer group reads it, and the dead-letter topic beside it.

Offsets are committed only when they are told to be, and none of a partition that is someone else's by now.
A partition of which nothing was ever committed is read from its beginning; where the log no longer holds what
comes next, reading ends with a `Gap`. It knows no store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from pipeline.connections.kafka import gap, librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files
from pipeline.connections.tls import BadFile
from pipeline.process.backlog import Backlog
from pipeline.process.commits import Commits
from pipeline.process.dead_letters import DeadLetters, Letter
from pipeline.process.deliveries import delivery_of
from pipeline.process.forgotten import Erasures
from pipeline.records.decision_record import Delivery

log = logging.getLogger("projector")

_ASK_S = 1.0
_ASK_PLACE_S = 5.0
_READING = {
    "enable.auto.commit": False,
    **gap.RESET,
    # a killed member's partitions come back within this time
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 1_500,
    "max.poll.interval.ms": 300_000,
    "fetch.min.bytes": 65_536,
    # At rest each of these waits ends in vain, and is a fifth of what a broker does. What comes alone waits
    # half of it, and then no more (`_come`).
    "fetch.wait.max.ms": 150,
    "queued.max.messages.kbytes": 32_768,
    "message.max.bytes": 20_000_000,
    "topic.metadata.refresh.interval.ms": 10_000,
    "log_level": 4,
}
_COMMIT_AGAIN_S = 5.0
_COMMIT_S = 3.0
"""A client that is refused asks for a commit again and again, and would never say that it is not done."""
_ANSWER_S = 0.002
"""between two looks for the answer to a commit, which a consumer does not return for"""
_REST_S = 0.3
"""the longest wait for a first record, in which nobody is told how the reader is"""


@dataclass(frozen=True, slots=True)
class Membership:
    """A place in a consumer group, and the topics that are read and written in it."""

    kafka: Kafka
    group: str
    decisions_topic: str
    dead_letter_topic: str
    instance: str | None = None
    """tells this member from others of its group; with it a restarted one gets its partitions at once"""
    forgotten_topic: str | None = None
    """where it stands who is forgotten; None for nobody"""


class DecisionsLog:
    """The decisions topic read by one member of a consumer group, and its dead-letter topic."""

    def __init__(self, member: Membership) -> None:
        self._member = member
        self._owned: dict[int, int] = {}  # partition to the offset committed last
        self._unplaced: list[Any] = []  # assigned, but where to go on is not known yet
        self._epochs: dict[int, int | None] = {}  # of the leader whose record was read last
        self._witnesses = gap.Witnesses(member.decisions_topic)
        self._uncommitted: dict[int, int] = {}  # what a commit failed for: tried again when nothing comes
        self._commit_again = 0.0
        self._paused = self._closing = False
        self._early: list[Message] = []  # came while an answer was waited for
        self._backlog: Backlog | None = None  # of the assignment, when there is one
        self._files = Files(member.kafka)
        self._dead = DeadLetters(member.kafka, member.dead_letter_topic, member.group, member.decisions_topic)
        self._erasures = Erasures(member.kafka, member.forgotten_topic) if member.forgotten_topic else None
        self._consumer = self._made()
        self._subscribe()

    def read(self, limit: int, wait_s: float) -> list[Delivery]:
        """What has come. Whoever reads has nothing in hand that is not committed, so this is where the
        consumer is made anew when the files of its connection have changed. Raises Gap."""
        self._renew()
        self._place()
        came = self._messages(self._come(limit, wait_s))
        # taken after that: what was heard meanwhile may have made it someone else's
        early, self._early = self._early[:limit], self._early[limit:]
        batch = [self._taken(message) for message in (*early, *came)]
        batch = [delivery for delivery in batch if self.owns(delivery.partition)]
        if self._uncommitted and not batch and time.monotonic() >= self._commit_again:
            self.commit({})
        return batch

    def _come(self, limit: int, wait_s: float) -> list[Message]:
        """What comes within that time, as much as goes with what came early. While nothing comes nobody is
        woken, and what comes then waits for nothing."""
        room, began = limit - len(self._early), time.monotonic()
        if room <= 0:
            return []
        first = [] if self._early else self._consumer.consume(1, max(wait_s, _REST_S))
        if not (first or self._early):
            return []
        left_s = max(0.0, began + wait_s - time.monotonic())
        return [*first, *(self._consumer.consume(room - len(first), left_s) if room > len(first) else ())]

    def owns(self, partition: int) -> bool:
        return partition in self._owned

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Failing is harmless: whoever reads these again finds the store has them.

        What failed is not counted as committed; it is tried again with the next batch, or when none comes.
        """
        wanted = {**self._uncommitted, **offsets}
        wanted = {partition: offset for partition, offset in wanted.items() if self.owns(partition)}
        taken: dict[int, int] = {}
        try:
            taken = self._answer(wanted) if wanted else {}
        except (KafkaException, TimeoutError) as error:
            log.warning("offsets not committed: %s; they are tried again", error)
            self._commit_again = time.monotonic() + _COMMIT_AGAIN_S
        # some may have become someone else's meanwhile
        self._owned |= {partition: at for partition, at in taken.items() if self.owns(partition)}
        left = wanted.keys() & self._owned.keys() - taken.keys()
        self._uncommitted = {partition: wanted[partition] for partition in left}

    def _answer(self, wanted: Mapping[int, int]) -> dict[int, int]:
        """What the broker has taken of a commit. Raises KafkaException; TimeoutError where it says nothing.

        The client could wait for it by itself, but without an end, and meanwhile no other call of this
        consumer would return. What comes while we wait is read next.
        """
        places = [self._reached(partition, offset) for partition, offset in wanted.items()]
        self._commits.ask(self._consumer, places)
        deadline = time.monotonic() + _COMMIT_S
        while time.monotonic() < deadline:
            self._early += self._messages([self._consumer.poll(_ANSWER_S)])
            if (taken := self._commits.answer(wanted)) is not None:
                return taken
        raise TimeoutError("the broker does not answer")

    def pause(self) -> None:
        self._paused = True
        self._consumer.pause([self._at(partition) for partition in self._owned])

    def resume(self) -> None:
        self._paused = False
        self._consumer.resume([self._at(partition) for partition in self._owned])

    def idle(self, wait_s: float) -> None:
        """Keep the membership alive; everything owned is paused, so nothing comes. Raises Gap."""
        self._place()
        for message in self._messages([self._consumer.poll(wait_s)]):
            # fetched before the pause took hold: read it again later
            self._consumer.seek(self._at(message.partition() or 0, message.offset() or 0))

    def dead_letter(self, refused: Sequence[Letter]) -> None:
        """Returns when the broker has them all. Raises NotAcknowledged."""
        self._dead.append(refused)

    def remembered(self, batch: Sequence[Delivery]) -> list[Delivery]:
        """What of it may be written: without the past of people who are forgotten by now. Raises Unknown."""
        if self._erasures is None:
            return list(batch)
        return self._erasures.remembered(batch, self._member.decisions_topic)

    def lag(self) -> int | None:
        """Records of the assigned partitions that are not committed; None before an assignment, and while
        the broker does not say."""
        return self._backlog.of(self._owned, is_fetching=not self._paused) if self._backlog else None

    def close(self) -> None:
        """Leave the group; a broker that does not answer holds nobody for longer than a few seconds."""
        if self._closing:
            return
        if self._erasures is not None:
            self._erasures.close()
        self._closing = True
        held = [self._consumer]
        del self._consumer  # so that nothing but the list refers to it
        self._commits.end(held)
        self._dead.close()

    def _made(self) -> Consumer:
        member, commits = self._member, Commits()
        named = {"group.id": member.group, "client.id": member.group}
        own: dict[str, object] = {**named, "on_commit": commits.heard}
        if member.instance:
            own["group.instance.id"] = member.instance
        made = librdkafka.consumer(member.kafka, {**own, **_READING})
        self._commits = commits
        return made

    def _subscribe(self) -> None:
        told = {"on_assign": self._assigned, "on_revoke": self._revoked, "on_lost": self._revoked}
        self._consumer.subscribe([self._member.decisions_topic], **told)

    def _renew(self) -> None:
        """With other files another consumer, which takes the place of this one in the group."""
        self._dead.renew()
        if not self._files.have_changed():
            return
        before = self._commits
        try:
            made = self._made()
        except (BadFile, KafkaException) as error:
            log.warning("the connection's files have changed, but cannot be used yet: %s", error)
            return
        log.info("the connection's files have changed: joining the group anew")
        self._files.renewed()
        held, self._consumer = [self._consumer], made
        self._revoked(made)
        before.end(held)
        self._subscribe()

    def _ends(self, partition: int, ask: bool) -> tuple[int, int] | None:
        at = self._at(partition)
        try:
            return self._consumer.get_watermark_offsets(at, timeout=_ASK_S, cached=not ask) or None
        except KafkaException:
            return None

    def _at(self, partition: int, offset: int = -1001) -> Any:
        return TopicPartition(self._member.decisions_topic, partition, offset)

    def _reached(self, partition: int, offset: int) -> Any:
        """With the epoch of its leader, by which a log is told that was cut off and has grown again."""
        epoch = self._epochs.get(partition)
        return TopicPartition(self._member.decisions_topic, partition, offset, leader_epoch=epoch)

    def _begin(self, at: TopicPartition) -> int:
        if at.offset < 0:
            return int(OFFSET_BEGINNING)
        return self._witnesses.before(at, self._held(at.partition))

    def _messages(self, came: Iterable[Message | None]) -> list[Message]:
        """Records that were not read before. Raises Gap; RuntimeError for a client that is of no use now."""
        found = []
        for message in came:
            if message is None:
                continue
            if (error := message.error()) is None:
                found += [] if self._witnesses.saw(message) else [message]
            elif gone := gap.found(message, self._member.decisions_topic, self._held):
                raise gone
            elif error.fatal():
                raise RuntimeError(error.str())
        return found

    def _taken(self, message: Message) -> Delivery:
        delivery = delivery_of(message)
        self._epochs[delivery.partition] = message.leader_epoch()
        return delivery

    def _held(self, partition: int) -> gap.Held | None:
        return self._ends(partition, True)

    def _assigned(self, consumer: Consumer, partitions: list[Any]) -> None:
        if self._closing or consumer is not self._consumer:
            return
        self._unplaced = list(partitions)
        consumer.assign([])
        self._place()

    def _place(self) -> None:
        """Go on where the group has been; a broker that does not say is asked again at the next read."""
        if not self._unplaced:
            return
        try:
            known = self._consumer.committed(self._unplaced, timeout=_ASK_PLACE_S)
        except KafkaException as error:
            log.warning("where to go on is not known yet: %s", error)
            return
        self._owned = {at.partition: max(at.offset, 0) for at in known}
        self._uncommitted, self._unplaced, self._epochs = {}, [], {}
        self._backlog = Backlog(self._ends)
        self._witnesses = gap.Witnesses(self._member.decisions_topic)
        places = [self._at(at.partition, self._begin(at)) for at in known]
        self._consumer.assign(places)
        # what was paused when it was lost would come back paused
        (self._consumer.pause if self._paused else self._consumer.resume)(places)

    def _revoked(self, consumer: Consumer, *_: object) -> None:
        if self._closing or consumer is not self._consumer:
            return  # a retired one leaves the group
        self._backlog, self._owned, self._uncommitted, self._unplaced, self._early = None, {}, {}, [], []
