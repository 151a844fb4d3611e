"""Who is forgotten, as commands know it: the topic of erasures read, and what of other topics may be shown.

Whatever reads a topic of ours and shows, stores or copies what is in it passes the records through here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from fraudctl.console.streams import say
from fraudctl.errors import Failed
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Record
from pipeline.connections.kafka.description import Kafka
from pipeline.records.clock import now_ms
from pipeline.records.decision_record import RUN, Delivery
from pipeline.records.forgotten import Forgotten, Malformed, Until, hash_of, salt_record, user_of, user_record
from pipeline.records.quantities import format_time

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

_SALT_BYTES = 32


class Owner(Protocol):
    """Whose topics they are: a stack."""

    @property
    def kafka(self) -> Kafka: ...
    @property
    def profile(self) -> Profile: ...


def read(kafka: Kafka, topic: str) -> Forgotten:
    """All erasures there are; none where there is no such topic yet."""
    found = Forgotten(topic)
    try:
        for record in tail.records(kafka, topic):
            _take(found, record)
    except Failed as error:
        if error.code != "no_topic":
            raise
    return found


def of(stack: Owner) -> Forgotten:
    """Those of a stack."""
    return read(stack.kafka, stack.profile.topics.forgotten)


def append(kafka: Kafka, topic: str, user_id: str, until: Until) -> str:
    """Forget the user up to there; the hash under which he is. When this returns the brokers have it."""
    salt = _salt(kafka, topic)
    name = hash_of(salt, user_id)
    key, value = user_record(name, until, format_time(now_ms()))
    _send(kafka, topic, key, value)
    return name


def remembered(records: Iterable[Record], known: Forgotten) -> Iterator[Record]:
    """The records of nobody forgotten, by their key, else by what they say; others pass."""
    for record in records:
        if not known or not covers(record, known):
            yield record


def records(stack: Owner, topic: str, start: Mapping[int, int] | str = "earliest") -> Iterator[Record]:
    """The records of a topic up to its end, without the past of people who are forgotten by now."""
    return remembered(tail.records(stack.kafka, topic, start), of(stack))


def covers(record: Record, known: Forgotten) -> bool:
    """Whether a record of any of our topics is of one who was forgotten since."""
    if RUN in record.headers or record.headers.keys() >= _PLACE:
        return _covers_decided(record, known)
    user = _user(record)
    return user is not None and known.covers(user, record.topic, record.partition, record.offset)


_PLACE = frozenset({"topic", "partition", "offset"})
"""The headers of a dead letter: where it stood."""


def _covers_decided(record: Record, known: Forgotten) -> bool:
    """A decision, or a dead letter: by its own place, and by the one that it had or was made from."""
    user = _user(record)
    if user is None or known.until(user) is None:
        return False
    if known.covers(user, record.topic, record.partition, record.offset):
        return True
    stood = {name: record.headers.get(name, b"").decode("utf-8", "replace") for name in _PLACE}
    if stood["partition"].isdigit() and stood["offset"].isdigit():
        place = stood["topic"], int(stood["partition"]), int(stood["offset"])
        if known.covers(user, *place):
            return True
    one = Delivery(record.value or b"", record.partition, record.offset, 0, 0, user.encode())
    return known.covers_decision(one, record.topic)


def _user(record: Record) -> str | None:
    """What a record says goes before its key, which a sender may have chosen otherwise."""
    said = user_of(record.value)
    return said if said is not None or record.key is None else record.key.decode("utf-8", "replace")


def _take(found: Forgotten, record: Record) -> None:
    try:
        found.take(record.key, record.value)
    except Malformed as error:
        say(f"passed over: {error}")


def _salt(kafka: Kafka, topic: str) -> bytes:
    """The first key of the topic, made where there is none; of two made at once all go on with the first."""
    known = read(kafka, topic).salts
    if not known:
        _send(kafka, topic, *salt_record(secrets.token_bytes(_SALT_BYTES)))
        known = read(kafka, topic).salts
    return known[0]


def _send(kafka: Kafka, topic: str, key: bytes, value: bytes) -> None:
    admin.partitions_of(kafka, topic)
    sender = Sender(kafka, give_up_s=30)
    sender.send(topic, value, key, partition=0)
    if sender.flush() or sender.failed:
        raise Failed(f"Kafka did not take the erasure onto {topic}", hint="see: fraudctl status")
