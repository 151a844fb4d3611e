"""Labels: the truth about events, as an analyst says it, and as the labels topic holds it."""

from __future__ import annotations

import time
from contextlib import suppress

from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender
from pipeline.records import label as labels
from pipeline.records.decision_bytes import Undecodable, beginning, glance
from pipeline.records.decision_record import Identity
from pipeline.records.label import Label


def write(stack: Stack, event_id: str, fraud: bool, user: str | None) -> dict[str, object]:
    """Append the verdict and give its document. Without `user` the decisions are searched for the event.

    UsageError when no decision bears the id, or those of several users do.
    """
    owner = user or _owner(stack, event_id)
    label = labels.label((owner, event_id), fraud, "analyst", int(time.time() * 1000))
    sender = Sender(stack.kafka, give_up_s=30)
    sender.send(stack.profile.topics.labels, label.value, owner.encode())
    if sender.flush() or sender.failed:
        raise Failed("Kafka did not take the label", hint="see: fraudctl status", code="not_accepted")
    return label.document


def newest(stack: Stack) -> dict[Identity, Label]:
    """The newest label of each event; the later in the log is the newer."""
    found: dict[Identity, tuple[tuple[int, int], Label]] = {}
    for record in tail.records(stack.kafka, stack.profile.topics.labels):
        label = labels.read(record.value)
        if label is not None:
            at = record.append_ms, record.offset
            if label.identity not in found or at >= found[label.identity][0]:
                found[label.identity] = at, label
    return {identity: label for identity, (_, label) in found.items()}


def _owner(stack: Stack, event_id: str) -> str:
    """The user of the decided event; the whole decisions topic is read for it."""
    start, users = beginning(event_id), set[str]()
    for record in tail.records(stack.kafka, stack.profile.topics.decisions):
        if record.value is not None and record.value.startswith(start):
            with suppress(Undecodable):
                owner, stored = glance(record.value).identity
                users |= {owner} if stored == event_id else set()
    if len(users) == 1:
        return users.pop()
    if users:
        raise UsageError(
            f"{len(users)} users have an event {event_id}: {', '.join(sorted(users)[:5])}",
            hint="say which with --user",
            code="several_events",
        )
    raise UsageError(
        f"no decision about {event_id}", hint="check the id, or name its user with --user", code="no_event"
    )
