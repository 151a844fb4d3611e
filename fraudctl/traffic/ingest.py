"""Bring a user's own data into the pipeline: live, or as past data in a topic and a job of their own.

Live rows are transactions of now: what is older than an hour is refused before anything is sent. Past
data goes to `<transactions>.history.<name>` in file order, is ended by one close record per partition,
and scored by a bounded job whose clock is the data's own. Labels go to the labels topic in both cases.
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
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.errors import UsageError
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, broker, tail, wanted
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.traffic.rows import Label, Mapped, RefusedRow, Row, read
from pipeline.records.clock import HOUR_MS
from pipeline.records.events import Transaction, encode, format_time
from pipeline.records.label import label

OLDEST_LIVE_MS = HOUR_MS
SHOWN = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
_ROW, _LABEL = object(), object()
"""What a delivery report is about."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring in. `rate` is events a second (None: as fast as it goes); `topic` replaces the live
    one."""

    path: Path
    mapped: Mapped
    rate: float | None = None
    shift_to_now: bool = False
    topic: str | None = None


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
    newest_ms: int | None = None
    refused: list[RefusedRow] = field(default_factory=list)
    report_file: Path | None = None
    history: dict[str, Any] | None = None

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
            "refused": [one.as_document() for one in self.refused],
            "report_file": None if self.report_file is None else str(self.report_file),
            "history": self.history,
        }
        failed = self.not_accepted or self.labels_not_accepted or (self.rows and not self.accepted)
        lacking = bool(self.history and self.history["undecided"])
        return Result(self._summary(), data, 1 if failed else 5 if lacking else 0, self._tables())

    def _summary(self) -> str:
        text = f"{self.accepted} of {self.rows} rows accepted into {self.topic}, {len(self.refused)} refused"
        if self.labels:
            text += f", {self.labels} labelled"
        if self.not_accepted:
            text += f", {self.not_accepted} not taken by Kafka (see: fraudctl status)"
        if self.labels_not_accepted:
            text += f", {self.labels_not_accepted} labels not taken by Kafka"
        if self.history is not None:
            text += f"; {self.history['decided']} decided, {self.history['alerts']} alerts"
        if self.history is not None and self.history["undecided"]:
            text += f", {self.history['undecided']} without a decision"
        return text + (f"; every refusal: {self.report_file}" if self.report_file else "")

    def _tables(self) -> tuple[Table, ...]:
        if not self.refused:
            return ()
        rows = [(one.number, one.reason) for one in self.refused[:SHOWN]]
        title = f"Refused rows ({min(SHOWN, len(self.refused))} of {len(self.refused)})"
        return (Table(title, ("line", "reason"), rows),)


def ingest_live(stack: Stack, order: Order) -> Report:
    """Send the file's rows to the live topic. UsageError, with nothing sent, when they are of the past."""
    now_ms = int(time.time() * 1000)
    span = _scan(stack, order)
    paced = order.rate is not None
    if span and span[0] < now_ms - OLDEST_LIVE_MS and not order.shift_to_now:
        raise _past(order.path, span[0])
    shift_ms = now_ms - span[1] if span and order.shift_to_now and not paced else 0
    topic = order.topic or stack.profile.topics.transactions
    rows = _moved(_rows(stack, order), shift_ms)
    if paced and order.rate is not None:
        rows = _paced(rows, order.rate, order.shift_to_now)
    return _send(stack, order, topic, rows)


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
    chosen = _history_name(name or order.path.name)
    topic = f"{stack.profile.topics.transactions}.history.{chosen}"
    if admin.describe(stack.kafka, [topic]):
        raise UsageError(f"{topic} exists", hint="choose another name with --name", code="history_exists")
    admin.create(stack.kafka, [_history_spec(stack, topic)])
    report = _load(stack, order, topic)
    if report.newest_ms is None or report.not_accepted:
        return report
    before = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    with progress(f"scoring {chosen}") as bar:
        job = live.run_bounded(stack, topic, f"history-{chosen}", wait_s, bar, **changes)
        report.history = job | _count(stack, topic, before, bar)
    return report


def _load(stack: Stack, order: Order, topic: str) -> Report:
    """Fill the topic and end it. Where nothing came of it, or not all, the topic goes again."""
    try:
        report = _send(stack, order, topic, _rows(stack, order))
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


def _past(path: Path, oldest_ms: int) -> UsageError:
    return UsageError(
        f"{path.name} holds past data (from {format_time(oldest_ms)}), the live topic takes the last hour",
        hint="use --history to score it in a topic and a job of its own, or --shift-to-now to move it to now",
        code="past_data",
    )


def _rows(stack: Stack, order: Order) -> Iterator[Row | RefusedRow]:
    return read(order.path, order.mapped, stack.profile.pipeline.max_event_bytes)


def _scan(stack: Stack, order: Order) -> tuple[int, int] | None:
    """Oldest and newest event time of the good rows; stops early at the first that is certainly too old."""
    oldest, newest, limit = None, None, int(time.time() * 1000) - OLDEST_LIVE_MS
    for row in _rows(stack, order):
        if isinstance(row, RefusedRow):
            continue
        at = row.transaction.event_time_ms
        oldest, newest = min(at, oldest or at), max(at, newest or at)
        if oldest < limit and not order.shift_to_now:
            break
    return None if oldest is None or newest is None else (oldest, newest)


def _moved(rows: Iterator[Row | RefusedRow], shift_ms: int) -> Iterator[Row | RefusedRow]:
    for row in rows:
        yield row if isinstance(row, RefusedRow) or not shift_ms else _shifted(row, shift_ms)


def _shifted(row: Row, shift_ms: int) -> Row:
    """The row at another time; the time its label became known keeps its distance."""
    label = row.label
    if label is not None and label.time_ms is not None:
        label = Label(label.fraud, label.time_ms + shift_ms, label.scenario)
    moved = replace(row.transaction, event_time_ms=row.transaction.event_time_ms + shift_ms)
    return Row(row.number, moved, label)


def _paced(rows: Iterator[Row | RefusedRow], rate: float, restamp: bool) -> Iterator[Row | RefusedRow]:
    """Rows at a pace; with `restamp` each gets the time at which it is due to be sent."""
    origin, wall_ms, sent = time.monotonic(), int(time.time() * 1000), 0
    for row in rows:
        if isinstance(row, RefusedRow):
            yield row
            continue
        due_s = sent / rate
        sent += 1
        if (left := origin + due_s - time.monotonic()) > 0:
            time.sleep(left)
        at = wall_ms + int(due_s * 1000)
        yield _shifted(row, at - row.transaction.event_time_ms) if restamp else row


def _send(stack: Stack, order: Order, topic: str, rows: Iterator[Row | RefusedRow]) -> Report:
    report, labels_sent = Report(str(order.path), topic), 0

    def delivered(delivery: Sent) -> None:
        if delivery.error is None:
            report.accepted += delivery.token is _ROW
            report.labels += delivery.token is _LABEL

    sender = Sender(stack.kafka, delivered, linger_ms=5)
    with progress(f"ingest {order.path.name}") as bar:
        for row in rows:
            report.rows += 1
            if isinstance(row, RefusedRow):
                report.refused.append(row)
            else:
                labels_sent += row.label is not None
                _send_row(stack, sender, topic, row, report)
            bar.update(report.rows, f"{report.rows} rows, {len(report.refused)} refused")
        sender.flush()
    # What has no report by now is not accepted either.
    report.not_accepted = report.rows - len(report.refused) - report.accepted
    report.labels_not_accepted = labels_sent - report.labels
    report.report_file = _write_report(stack, order.path, report.refused)
    return report


def _send_row(stack: Stack, sender: Sender, topic: str, row: Row, report: Report) -> None:
    tx = row.transaction
    key = tx.user_id.encode()
    report.newest_ms = max(tx.event_time_ms, report.newest_ms or tx.event_time_ms)
    sender.send(topic, encode(tx), key, token=_ROW)
    if row.label is not None:
        sender.send(stack.profile.topics.labels, _label_value(tx, row.label), key, token=_LABEL)


def _label_value(tx: Transaction, given: Label) -> bytes:
    known_ms = tx.event_time_ms if given.time_ms is None else given.time_ms
    return label((tx.user_id, tx.event_id), given.fraud, "ingest", known_ms, given.scenario).value


def _write_report(stack: Stack, path: Path, refused: list[RefusedRow]) -> Path | None:
    if not refused:
        return None
    target = stack.home / "ingest" / f"{path.name}-{int(time.time() * 1000)}.refused.jsonl"
    write_atomically(target, "".join(json.dumps(one.as_document()) + "\n" for one in refused))
    return target


def _history_name(text: str) -> str:
    name = re.sub(r"\.(gz|jsonl|ndjson|json|csv|parquet)(?=\.|$)", "", text.lower())
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
    alerts = decided = 0
    for record in tail.records(stack.kafka, stack.profile.topics.decisions, before):
        document = json.loads(record.value or b"{}")
        if document.get("source", {}).get("topic") != topic:
            continue
        decided += 1
        alerts += document["decision"] != "approve"
        seen.add(hash((document["user_id"], document["event_id"])))
        bar.update(len(seen), f"{len(seen)} of {len(expected)} decided")
    return {"events": len(expected), "decided": decided, "undecided": len(expected - seen), "alerts": alerts}
