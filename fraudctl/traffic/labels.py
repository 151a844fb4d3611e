"""Labels: the truth about events, as an analyst says it, and as the labels topic holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from fraudctl.errors import Failed, UsageError
from fraudctl.files.labels import LabelRow, read_labels
from fraudctl.files.making import RefusedRow
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import Refusals
from fraudctl.files.sources import Paths
from fraudctl.home.stack import Stack
from fraudctl.kafka import forgotten
from fraudctl.kafka.sender import Sender
from pipeline.records import clock
from pipeline.records import label as labels
from pipeline.records.decision_bytes import Undecodable, beginning, glance
from pipeline.records.decision_record import Identity
from pipeline.records.label import Label


def write(stack: Stack, event_id: str, fraud: bool, user: str | None) -> dict[str, object]:
    """Append the verdict and give its document. Without `user` the decisions are searched for the event.

    UsageError when no decision bears the id, or those of several users do.
    """
    owner = user or _owner(stack, event_id)
    label = labels.label((owner, event_id), fraud, "analyst", clock.now_ms())
    sender = Sender(stack.kafka, give_up_s=30)
    sender.send(stack.profile.topics.labels, label.value, owner.encode())
    if sender.flush() or sender.failed:
        raise Failed("Kafka did not take the label", hint="see: fraudctl status", code="not_accepted")
    return label.document


def newest(stack: Stack, at_ms: int | None = None) -> dict[Identity, Label]:
    """Of each event the label that became known last by that time (default: by now).

    Where labels do not say when, it is when they were written; of two known at the same time the later in
    the log counts.
    """
    return newest_of(_logged(stack), clock.now_ms() if at_ms is None else at_ms)


def _logged(stack: Stack) -> Iterator[tuple[int, int, Label]]:
    for record in forgotten.records(stack, stack.profile.topics.labels):
        if (label := labels.read(record.value)) is not None:
            yield record.append_ms, record.offset, label


def newest_of(given: Iterable[tuple[int, int, Label]], until_ms: int) -> dict[Identity, Label]:
    """The same of labels with their append times and offsets, in any order."""
    found: dict[Identity, tuple[tuple[int, int, int], Label]] = {}
    for append_ms, offset, label in given:
        known_ms = append_ms if label.known_ms is None else label.known_ms
        at = known_ms, append_ms, offset
        if known_ms <= until_ms and (label.identity not in found or at >= found[label.identity][0]):
            found[label.identity] = at, label
    return {identity: label for identity, (_, label) in found.items()}


@dataclass(slots=True)
class Written:
    """What became of a file of labels. `unmatched` are those whose event nobody has decided, or that several
    users have; they are written only where the file names the user."""

    labels: int = 0
    written: int = 0
    unmatched: list[LabelRow] = field(default_factory=list)
    refused: Refusals = field(default_factory=Refusals)


def write_file(stack: Stack, paths: Paths, options: ReadOptions, refused: Refusals) -> Written:
    """Append every good label of files. One without a time is known from now on."""
    rows, now_ms = list(_good(paths, options, refused)), clock.now_ms()
    result = Written(refused=refused)
    sender = Sender(stack.kafka, give_up_s=30)
    for user, row in _with_owners(stack, rows, result):
        made = _label(row, user, now_ms)
        sender.send(stack.profile.topics.labels, made.value, user.encode())
        result.written += 1
    if sender.flush() or sender.failed:
        raise Failed("Kafka did not take the labels", hint="see: fraudctl status", code="not_accepted")
    refused.close()
    return result


def with_file(
    stack: Stack, paths: Paths, options: ReadOptions, refused: Refusals
) -> tuple[dict[Identity, Label], Written]:
    """The newest labels by now, those of files among them; what is in the log stays as it is."""
    rows, now_ms = list(_good(paths, options, refused)), clock.now_ms()
    result = Written(refused=refused)
    own = [
        (now_ms, n, _label(row, user, now_ms))
        for n, (user, row) in enumerate(_with_owners(stack, rows, result))
    ]
    refused.close()
    return newest_of([*_logged(stack), *own], now_ms), result


def _label(row: LabelRow, user: str, now_ms: int) -> Label:
    given = row.label
    known_ms = now_ms if given.time_ms is None else given.time_ms
    return labels.label((user, row.event_id), given.fraud, given.by or "analyst", known_ms, given.scenario)


def _good(paths: Paths, options: ReadOptions, refused: Refusals) -> Iterator[LabelRow]:
    """The good rows; the others are put down."""
    for row in read_labels(paths, options):
        if isinstance(row, RefusedRow):
            refused.add(row)
        else:
            yield row


def _with_owners(stack: Stack, rows: list[LabelRow], result: Written) -> Iterator[tuple[str, LabelRow]]:
    """The rows with their users: those that the file names, else the one who has the event."""
    owners = _owners(stack, {row.event_id for row in rows})
    for row in rows:
        result.labels += 1
        users = owners.get(row.event_id, set())
        user = row.user_id or (next(iter(users)) if len(users) == 1 else None)
        if user is None or user not in users:
            result.unmatched.append(row)
        if user is not None:
            yield user, row


def _owners(stack: Stack, events: set[str]) -> dict[str, set[str]]:
    """Who has each of the events, by the decisions."""
    found: dict[str, set[str]] = {}
    for record in forgotten.records(stack, stack.profile.topics.decisions) if events else ():
        with suppress(Undecodable):
            user, event = glance(record.value or b"").identity
            if event in events:
                found.setdefault(event, set()).add(user)
    return found


def _owner(stack: Stack, event_id: str) -> str:
    """The user of the decided event; the whole decisions topic is read for it."""
    start, users = beginning(event_id), set[str]()
    for record in forgotten.records(stack, stack.profile.topics.decisions):
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
