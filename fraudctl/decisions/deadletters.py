"""Records that were refused for good: list them, look at one, send them once more.

A refused record keeps its first 64 KB as value and says in its headers where it stood (`topic`,
`partition`, `offset`), how long it was (`length`) and why it was refused (`reason`). Its name here is
`partition:offset` in the dead-letter topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fraudctl.errors import FraudctlError, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, forgotten
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.kafka.tail import Record
from pipeline.records.masking import NONE, Masks
from pipeline.records.names import dead_letters

_SHOWN_BYTES = 200
_NOT_SHOWN = b"(not shown: it cannot be read, and fields are masked)"
_NO_REPORT = "Kafka did not say whether it took it; see: fraudctl status"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused record. `length` is that of the original; less is held when it was over 64 KB."""

    record: Record
    topic: str
    partition: int
    offset: int
    length: int
    reason: str

    @property
    def id(self) -> str:
        """Its place in the dead-letter topic."""
        return f"{self.record.partition}:{self.record.offset}"

    @property
    def stored(self) -> int:
        """Bytes held of it."""
        return len(self.record.value or b"")

    @property
    def original(self) -> bytes | None:
        """What was refused, as it came."""
        return self.record.as_it_lies

    @property
    def is_whole(self) -> bool:
        """Whether all its bytes are held, so that it can be sent again."""
        return self.length <= self.stored

    def as_document(self, whole: bool = False, masks: Masks = NONE) -> dict[str, object]:
        """The record for JSON; `whole` gives all bytes that are held, else the first 200."""
        value = masked(self.record.value, masks)
        text = (
            None if value is None else (value if whole else value[:_SHOWN_BYTES]).decode("utf-8", "replace")
        )
        return {
            "id": self.id,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "length": self.length,
            "stored": self.stored,
            "reason": self.reason,
            "refused_ms": self.record.append_ms,
            "value": text,
        }


@dataclass(frozen=True, slots=True)
class Retry:
    """What became of one retry: sent again, or why not."""

    id: str
    sent: bool
    reason: str = ""

    def as_document(self) -> dict[str, object]:
        """The outcome for JSON."""
        return {"id": self.id, "sent": self.sent, "reason": self.reason}


def masked(value: bytes | None, masks: Masks) -> bytes | None:
    """A record as it is shown. One that is not understood is not shown where any field is masked."""
    if not masks or value is None:
        return value
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return _NOT_SHOWN
    if not isinstance(document, dict):
        return _NOT_SHOWN
    return json.dumps(masks.document(document), ensure_ascii=False).encode()


def topic_of(stack: Stack, topic: str | None, sink: str | None) -> str:
    """The dead-letter topic meant: one named outright, a sink's, or the transactions' own."""
    names = stack.profile.topics
    if topic is not None:
        return topic
    if sink is None:
        return names.refusals
    if sink not in stack.profile.sinks:
        known = ", ".join(stack.profile.sinks) or "none"
        raise UsageError(f"there is no sink {sink}", hint=f"sinks of this stack: {known}", code="no_sink")
    return dead_letters(names.decisions, sink)


def read_all(stack: Stack, topic: str) -> Iterator[DeadLetter]:
    """Every dead letter that the topic still holds, in order within each partition."""
    return (_dead_letter(record) for record in forgotten.records(stack, topic))


def find(stack: Stack, topic: str, ids: Iterable[str]) -> list[DeadLetter]:
    """The dead letters of these ids, each once, in their order. UsageError for one that is not held."""
    return [_one(stack, topic, one) for one in dict.fromkeys(ids)]


def retry(stack: Stack, letters: Iterable[DeadLetter]) -> list[Retry]:
    """Send the original bytes to the original topic and partition again; what is not whole stays.

    An outcome for each, in their order; one that Kafka did not confirm counts as not sent.
    """
    outcomes: dict[str, Retry] = {}

    def delivered(delivery: Sent) -> None:
        outcomes[delivery.token] = Retry(delivery.token, delivery.error is None, delivery.error or "")

    sender = Sender(stack.kafka, delivered)
    for letter in letters:
        if not letter.is_whole:
            reason = f"truncated: {letter.stored} of {letter.length} bytes are held"
            outcomes[letter.id] = Retry(letter.id, False, reason)
            continue
        outcomes[letter.id] = Retry(letter.id, False, _NO_REPORT)
        run = letter.record.headers.get("run")
        headers = None if run is None else {"run": run}
        key = letter.record.key or _key(letter.record.value)
        try:
            sender.send(letter.topic, letter.original, key, headers, letter.partition, letter.id)
        except FraudctlError as error:
            outcomes[letter.id] = Retry(letter.id, False, error.message)
    sender.flush()
    return list(outcomes.values())


def _one(stack: Stack, topic: str, text: str) -> DeadLetter:
    partition, colon, offset = text.partition(":")
    if not (colon and partition.isdecimal() and offset.isdecimal()):
        raise UsageError(
            f"{text!r} is not a dead letter's id", hint="ids look like 0:17; see: fraudctl dlq list"
        )
    start = {int(partition): int(offset)}
    if int(offset) < admin.end_offsets(stack.kafka, topic).get(int(partition), 0):
        for record in forgotten.records(stack, topic, start):
            if record.offset == int(offset):
                return _dead_letter(record)
            break
    raise UsageError(
        f"{topic} holds no {text}", hint="see what there is: fraudctl dlq list", code="no_dead_letter"
    )


def _dead_letter(record: Record) -> DeadLetter:
    def number(name: str, default: int) -> int:
        text = record.headers.get(name, b"").decode("ascii", "replace")
        return int(text) if text.lstrip("-").isdecimal() else default

    return DeadLetter(
        record,
        record.headers.get("topic", b"").decode("utf-8", "replace"),
        number("partition", -1),
        number("offset", -1),
        number("length", len(record.value or b"")),
        record.headers.get("reason", b"unknown").decode("utf-8", "replace"),
    )


def _key(value: bytes | None) -> bytes | None:
    """The user id, if the bytes have one after all."""
    try:
        user = json.loads(value or b"null")["user_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return user.encode("utf-8", "replace") if isinstance(user, str) else None
