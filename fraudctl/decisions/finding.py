"""Where a decision is found: in PostgreSQL, else on the decisions topic.

The topic is read when the store lacks the decision, is away, or is not part of the stack.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudctl.console.progress import Progress, progress
from fraudctl.console.streams import say
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.kafka import admin, forgotten
from fraudctl.kafka.tail import Record
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import run_of
from pipeline.records.decisions import Decision, decode_decision
from pipeline.records.identity import Identity, sent_id
from pipeline.records.position import pack
from pipeline.sinks import OPEN, Unavailable, Way
from pipeline.sinks.postgres import reader

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@dataclass(frozen=True, slots=True)
class Found:
    """A decision and where it was found: "postgres" or "log"."""

    decision: Decision
    position: int
    decided_at_ms: int
    origin: str


def find(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """The newest decision of each user who has that event id: from the store, else from the log.

    Raises NotRunning or Unhealthy only when the log cannot be read either.
    """
    return _from_store(stack, event_id, user_id) or logged(stack, event_id, user_id)


def _from_store(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """What the store holds; nothing, and why is said, where there is none or it does not answer."""
    try:
        dsn = stack.sink_address("postgres")
    except NotRunning as error:
        say(f"{error.message}: reading the log instead")
        return []
    try:
        return stored(dsn, event_id, user_id, stack.way("postgres"))
    except Unavailable as error:
        say(f"PostgreSQL does not answer: {error}: reading the log instead")
        return []


def one_of(found: list[Found], event_id: str) -> Found:
    """The only one. Raises UsageError naming the users when there are several, Failed for none."""
    if not found:
        raise Failed(f"no decision about {event_id!r} is known", hint="see the latest: fraudctl alerts")
    users_of = {one.decision.transaction.user_id for one in found}
    if len(users_of) == 1:
        return _chosen(found, event_id)
    if len(found) > 1:
        users = ", ".join(sorted(users_of))
        raise UsageError(
            f"{len(users_of)} users have an event {event_id!r}: {users}",
            hint="name one with --user",
            code="ambiguous",
        )
    return found[0]


def _chosen(found: list[Found], event_id: str) -> Found:
    """The one with exactly that stored id, else the first; the others that bear the id are named."""
    exact = [one for one in found if one.decision.identity[1] == event_id]
    chosen = (exact or found)[0]
    others = [one.decision.identity[1] for one in found if one is not chosen]
    if others and chosen.decision.content_hash is None:
        named = ", ".join(shlex.quote(one) for one in others)
        say(f"the id was used again, for other payments; explain those with: {named}")
    return chosen


def stored(dsn: str, event_id: str, user_id: str | None, way: Way = OPEN) -> list[Found]:
    """From PostgreSQL. Raises `pipeline.sinks.Unavailable`."""
    return [Found(*one, "postgres") for one in reader.of_event(dsn, event_id, user_id, way)]


def logged(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """From the decisions topic, read from its beginning: slow, and needs no store."""
    topic = stack.profile.topics.decisions
    total = sum(admin.end_offsets(stack.kafka, topic).values())
    with progress("reading the log", total) as bar:
        records = forgotten.records(stack, topic)
        return newest(_counted(records, bar), event_id, user_id)


def newest(records: Iterable[Record], event_id: str, user_id: str | None) -> list[Found]:
    """The decision of the greatest position for each event of a user that bears the id."""
    found: dict[Identity, Found] = {}
    for record in records:
        value = record.value or b""
        try:
            identity = owner, event = glance(value).identity
            if event_id not in (event, sent_id(event)) or user_id not in (None, owner):
                continue
            rank = pack(run_of(record.headers.items()), record.offset)
            if identity not in found or rank > found[identity].position:
                found[identity] = Found(decode_decision(value), rank, record.append_ms, "log")
        except ValueError:  # no decision, or only the beginning of one
            continue
    return [found[identity] for identity in sorted(found)]


def _counted(records: Iterable[Record], progress: Progress) -> Iterable[Record]:
    for count, record in enumerate(records, 1):
        yield record
        if count % 5_000 == 0:
            progress.update(count)
