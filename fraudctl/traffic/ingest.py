"""Bring a user's own data into the pipeline: live, or as past data in a topic and a job of their own.

Live rows are transactions of now: what is older than an hour is refused before anything is sent. Past
data goes to `<transactions>.history.<name>` in the order of its event times, is ended by one close record
per partition, and scored by a bounded job whose clock is the data's own. Labels go to the labels topic in
both cases.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fraudctl.console.progress import Progress, progress
from fraudctl.console.result import Result
from fraudctl.console.streams import say
from fraudctl.errors import UsageError
from fraudctl.files import order as sorting
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import NO_LIMIT, Limit, Refusals
from fraudctl.files.rows import Label, Reading, RefusedRow, Row
from fraudctl.files.sources import Paths, name_of
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, broker, tail, wanted
from fraudctl.kafka.sender import Sender, Sent
from pipeline.records.clock import HOUR_MS
from pipeline.records.events import Transaction, encode
from pipeline.records.label import label
from pipeline.records.quantities import format_time

OLDEST_LIVE_MS = HOUR_MS
_SHOWN_EACH = 1_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
_ROW, _LABEL = object(), object()
"""What a delivery report is about."""

Parcel = tuple[int, bytes, bytes, bytes | None]
"""A row as it is sent: its event time, its user, the transaction, its label if it has one."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring in. `rate` is events a second (None: as fast as it goes); `topic` replaces the live
    one."""

    paths: Paths
    options: ReadOptions
    rate: float | None = None
    shift_to_now: bool = False
    topic: str | None = None
    refused: Path | None = None
    max_refused: Limit = NO_LIMIT

    @property
    def name(self) -> str:
        """What the file, or the first of several, is called."""
        return name_of(self.paths)


@dataclass(slots=True)
class Report:
    """What became of the rows: read = accepted + refused + not accepted by Kafka.

    `labels` are those that Kafka took.
    """

    file: str
    topic: str
    rows: int = 0
    accepted: int = 0
    labels: int = 0
    not_accepted: int = 0
    labels_not_accepted: int = 0
    order: sorting.Order = field(default_factory=sorting.Order)
    is_sorted: bool = False
    refused: Refusals = field(default_factory=Refusals)
    max_refused: Limit = NO_LIMIT
    notes: list[str] = field(default_factory=list)
    history: dict[str, Any] | None = None

    @property
    def newest_ms(self) -> int | None:
        """The newest event time of the good rows."""
        return self.order.newest_ms

    def as_result(self) -> Result:
        """The report; exit code 1 when Kafka did not take every row and label, or no row was good, 5 when
        decisions lack."""
        data: dict[str, Any] = {
            "file": self.file,
            "topic": self.topic,
            "rows": self.rows,
            "accepted": self.accepted,
            "labels": self.labels,
            "not_accepted": self.not_accepted,
            "labels_not_accepted": self.labels_not_accepted,
            **self.refused.as_document(),
            "report_file": None if self.refused.written is None else str(self.refused.written),
            "out_of_order": self.order.moved,
            "notes": self.notes,
            "history": self.history,
        }
        too_many = self.max_refused.is_exceeded(len(self.refused), self.rows)
        failed = (
            self.not_accepted or self.labels_not_accepted or (self.rows and not self.accepted) or too_many
        )
        lacking = bool(self.history and self.history["undecided"])
        return Result(self._summary(), data, 1 if failed else 5 if lacking else 0, self.refused.tables())

    def _summary(self) -> str:
        text = f"{self.accepted} of {self.rows} rows accepted into {self.topic}, {len(self.refused)} refused"
        if self.max_refused.is_exceeded(len(self.refused), self.rows):
            text += ", more than --max-refused"
        if self.labels:
            text += f", {self.labels} labelled"
        if self.not_accepted:
            text += f", {self.not_accepted} not taken by Kafka (see: fraudctl status)"
        if self.labels_not_accepted:
            text += f", {self.labels_not_accepted} labels not taken by Kafka"
        if self.order.moved:
            place = "moved into the order of time" if self.is_sorted else "come after newer ones"
            text += f", {self.order.moved} {place}"
        text = "; ".join([text, *self.notes])
        if self.history is not None:
            text += f"; {self.history['decided']} decided, {self.history['alerts']} alerts"
        if self.history is not None and self.history["undecided"]:
            text += f", {self.history['undecided']} without a decision"
        return text + (f"; every refusal: {self.refused.written}" if self.refused.written else "")


def ingest_live(stack: Stack, order: Order) -> Report:
    """Send the file's rows to the live topic. UsageError, with nothing sent, when they are of the past."""
    now_ms = int(time.time() * 1000)
    reading = _reading(stack, order)
    span = _scan(reading, order)
    paced = order.rate is not None
    if span and span[0] < now_ms - OLDEST_LIVE_MS and not order.shift_to_now:
        raise _past(order.name, span[0])
    shift_ms = now_ms - span[1] if span and order.shift_to_now and not paced else 0
    topic = order.topic or stack.profile.topics.transactions
    report = _report(stack, order, topic)
    rows = _moved(_good(reading, report), shift_ms)
    if paced and order.rate is not None:
        rows = _paced(rows, order.rate, order.shift_to_now)
    return _send(stack, report, map(_parcel, rows), reading)


def ingest_history(
    stack: Stack, order: Order, name: str | None, rules: Path | None = None, wait_s: float = 3600.0
) -> Report:
    """Send the file's rows to a new topic of past data, score them by a bounded job, count the decisions.

    The job uses the stack's rule set, or that in the file `rules`. UsageError, with nothing sent, when that
    cannot be used, and when the name cannot be used or was used before.
    """
    from fraudctl.jobs import live
    from fraudctl.jobs.submission import ruleset_content

    changes = {} if rules is None else {"ruleset": ruleset_content(rules)}
    chosen = _history_name(name or order.name)
    topic = f"{stack.profile.topics.transactions}.history.{chosen}"
    if admin.describe(stack.kafka, [topic]):
        raise UsageError(f"{topic} exists", hint="choose another name with --name", code="history_exists")
    reading = _reading(stack, order)
    admin.create(stack.kafka, [_history_spec(stack, topic)])
    report = _load(stack, order, topic, reading)
    if report.newest_ms is None or report.not_accepted:
        return report
    before = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    with progress(f"scoring {chosen}") as bar:
        job = live.run_bounded(stack, topic, f"history-{chosen}", wait_s, bar, **changes)
        report.history = job | _count(stack, topic, before, bar)
    return report


def _load(stack: Stack, order: Order, topic: str, reading: Reading) -> Report:
    """Fill the topic and end it. Where nothing came of it, or not all, the topic goes again."""
    try:
        report = _report(stack, order, topic)
        report.is_sorted = True
        parcels = sorting.in_order(map(_parcel, _good(reading, report)))
        _send(stack, report, parcels, reading)
        if report.newest_ms is not None and not report.not_accepted:
            _close(stack, topic, report.newest_ms)
            return report
    except BaseException:
        _discard(stack, topic)
        raise
    if report.not_accepted:
        _discard(stack, topic)
    else:
        admin.delete(stack.kafka, [topic])
    return report


def _discard(stack: Stack, topic: str) -> None:
    say(f"{topic} is deleted, for it does not hold the whole file")
    admin.delete(stack.kafka, [topic])


def _past(name: str, oldest_ms: int) -> UsageError:
    return UsageError(
        f"{name} holds past data (from {format_time(oldest_ms)}), the live topic takes the last hour",
        hint="use --history to score it in a topic and a job of its own, or --shift-to-now to move it to now",
        code="past_data",
    )


def _reading(stack: Stack, order: Order) -> Reading:
    reading = Reading(order.paths, order.options, stack.profile.pipeline.max_event_bytes)
    say(reading.said())
    return reading


def _report(stack: Stack, order: Order, topic: str) -> Report:
    default = stack.home / "ingest" / f"{order.name}-{int(time.time() * 1000)}.refused.jsonl"
    refused = Refusals(order.refused or default)
    return Report(_shown(order.paths), topic, refused=refused, max_refused=order.max_refused)


def _shown(paths: Paths) -> str:
    return str(paths) if isinstance(paths, Path) else ", ".join(map(str, paths))


def _scan(reading: Reading, order: Order) -> tuple[int, int] | None:
    """Oldest and newest event time of the good rows; stops early at the first that is certainly too old."""
    oldest, newest, limit = None, None, int(time.time() * 1000) - OLDEST_LIVE_MS
    for row in reading:
        if isinstance(row, RefusedRow):
            continue
        at = row.transaction.event_time_ms
        oldest, newest = min(at, oldest or at), max(at, newest or at)
        if oldest < limit and not order.shift_to_now:
            break
    return None if oldest is None or newest is None else (oldest, newest)


def _good(reading: Reading, report: Report) -> Iterator[Row]:
    """The good rows; every row is counted, and the others are put down."""
    for row in reading:
        report.rows += 1
        if isinstance(row, RefusedRow):
            report.refused.add(row)
        else:
            report.order.note(row.transaction.event_time_ms)
            yield row


def _parcel(row: Row) -> Parcel:
    tx = row.transaction
    truth = None if row.label is None else _label_value(tx, row.label)
    return tx.event_time_ms, tx.user_id.encode(), encode(tx), truth


def _moved(rows: Iterator[Row], shift_ms: int) -> Iterator[Row]:
    for row in rows:
        yield _shifted(row, shift_ms) if shift_ms else row


def _shifted(row: Row, shift_ms: int) -> Row:
    """The row at another time; the time its label became known keeps its distance."""
    truth = row.label
    if truth is not None and truth.time_ms is not None:
        truth = Label(truth.fraud, truth.time_ms + shift_ms, truth.scenario)
    moved = replace(row.transaction, event_time_ms=row.transaction.event_time_ms + shift_ms)
    return Row(row.number, moved, truth)


def _paced(rows: Iterator[Row], rate: float, restamp: bool) -> Iterator[Row]:
    """Rows at a pace; with `restamp` each gets the time at which it is due to be sent."""
    origin, wall_ms = time.monotonic(), int(time.time() * 1000)
    for sent, row in enumerate(rows):
        due_s = sent / rate
        if (left := origin + due_s - time.monotonic()) > 0:
            time.sleep(left)
        at = wall_ms + int(due_s * 1000)
        yield _shifted(row, at - row.transaction.event_time_ms) if restamp else row


def _send(stack: Stack, report: Report, parcels: Iterator[Parcel], reading: Reading) -> Report:
    sent = labels_sent = 0

    def delivered(delivery: Sent) -> None:
        if delivery.error is None:
            report.accepted += delivery.token is _ROW
            report.labels += delivery.token is _LABEL

    sender = Sender(stack.kafka, delivered, linger_ms=5)
    labels = stack.profile.topics.labels
    with progress(f"ingest {Path(report.file).name}") as bar:
        for _, user, value, truth in parcels:
            sent += 1
            sender.send(report.topic, value, user, token=_ROW)
            if truth is not None:
                labels_sent += 1
                sender.send(labels, truth, user, token=_LABEL)
            if not sent % _SHOWN_EACH:
                bar.update(sent, f"{sent} of {report.rows} rows, {len(report.refused)} refused")
        sender.flush()
    # What has no report by now is not accepted either.
    report.not_accepted = sent - report.accepted
    report.labels_not_accepted = labels_sent - report.labels
    report.notes = reading.notes()
    report.refused.close()
    return report


def _label_value(tx: Transaction, given: Label) -> bytes:
    known_ms = tx.event_time_ms if given.time_ms is None else given.time_ms
    return label((tx.user_id, tx.event_id), given.fraud, given.by or "ingest", known_ms, given.scenario).value


def _history_name(text: str) -> str:
    name = re.sub(r"\.(gz|zip|zst|jsonl|ndjson|json|csv|tsv|parquet)(?=\.|$)", "", text.lower())
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{text!r} cannot name a topic",
            hint="choose a name of a-z, 0-9, dot, dash with --name",
            code="bad_name",
        )
    return name


def _history_spec(stack: Stack, topic: str) -> admin.TopicSpec:
    wide = {"max.message.bytes": str(stack.profile.max_message_bytes)}
    return wanted.spec(stack.profile, topic, stack.profile.partitions, wide)


def _close(stack: Stack, topic: str, newest_ms: int) -> None:
    """End the past data: one close record per partition carries the newest event time of them all."""
    headers = {"close": str(newest_ms).encode()}
    sender = Sender(stack.kafka)
    for partition in range(stack.profile.partitions):
        sender.send(topic, None, headers=headers, partition=partition)
    if sender.flush() or sender.failed:
        raise broker.unreachable(stack.kafka, f"the end of {topic} could not be written")


def _identities(stack: Stack, topic: str, bar: Progress) -> set[int]:
    """The identities in the topic, as hashes to keep a large file's small."""
    found = set()
    for record in tail.records(stack.kafka, topic):
        if record.value is not None:
            found.add(_identity(record.value))
            bar.update(0, f"{len(found)} events to account for")
    return found


def _identity(value: bytes) -> int:
    document = json.loads(value)
    return hash((document["user_id"], document["event_id"]))


def _count(stack: Stack, topic: str, before: dict[int, int], bar: Progress) -> dict[str, int]:
    """Decisions about the topic's events. The job has finished, so all of them stand in the log by now."""
    expected = _identities(stack, topic, bar)
    seen: set[int] = set()
    alerts = decided = reused = 0
    for record in tail.records(stack.kafka, stack.profile.topics.decisions, before):
        document = json.loads(record.value or b"{}")
        if document.get("source", {}).get("topic") != topic:
            continue
        decided += 1
        alerts += document["decision"] != "approve"
        reused += document.get("reused_id", False)
        seen.add(hash((document["user_id"], document["event_id"])))
        bar.update(len(seen), f"{len(seen)} of {len(expected)} decided")
    counts = {"events": len(expected), "decided": decided, "undecided": len(expected - seen)}
    return counts | {"reused_ids": reused, "alerts": alerts}
