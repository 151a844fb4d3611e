"""Rows on their way: counted, moved in time, paced and sent, with what Kafka took of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Label, Reading, RefusedRow, Row
from fraudctl.files.sources import Paths
from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.traffic.ingest_report import Order, Report
from pipeline.records.events import Transaction, encode
from pipeline.records.label import label
from pipeline.records.placing import key_of
from pipeline.rules.ruleset import RuleSet
from pipeline.rules.words import said_kinds

_SHOWN_EACH = 1_000
_ROW, _LABEL = object(), object()
"""What a delivery report is about."""

Parcel = tuple[int, bytes, bytes, bytes | None]
"""A row as it is sent: its event time, its user, the transaction, its label if it has one."""


def reading_of(stack: Stack, order: Order, rules: RuleSet) -> Reading:
    """The rows to be read, further fields in the kinds that the rule set declares."""
    told = stack.profile.pipeline
    options = order.options.with_kinds(said_kinds(rules.words.fields))
    reading = Reading(
        order.paths, options, told.max_event_bytes, until_ms=order.until_ms, ids=told.ids.limits
    )
    say(reading.said())
    return reading


def report_of(stack: Stack, order: Order, topic: str) -> Report:
    default = stack.home / "ingest" / f"{order.name}-{int(time.time() * 1000)}.refused.jsonl"
    refused = Refusals(order.refused or default)
    return Report(_shown(order.paths), topic, refused=refused, max_refused=order.max_refused)


def _shown(paths: Paths) -> str:
    return str(paths) if isinstance(paths, Path) else ", ".join(map(str, paths))


def good(reading: Reading, report: Report) -> Iterator[Row]:
    """The good rows; every row is counted, and the others are put down."""
    for row in reading:
        report.rows += 1
        if isinstance(row, RefusedRow):
            report.refused.add(row)
        else:
            report.order.note(row.transaction.event_time_ms)
            yield row


def parcel(row: Row) -> Parcel:
    tx = row.transaction
    truth = None if row.label is None else _label_value(tx, row.label)
    return tx.event_time_ms, tx.user_id.encode(), encode(tx), truth


def moved(rows: Iterator[Row], shift_ms: int) -> Iterator[Row]:
    for row in rows:
        yield shifted(row, shift_ms) if shift_ms else row


def shifted(row: Row, shift_ms: int) -> Row:
    """The row at another time; the time its label became known keeps its distance."""
    truth = row.label
    if truth is not None and truth.time_ms is not None:
        truth = Label(truth.fraud, truth.time_ms + shift_ms, truth.scenario)
    moved = replace(row.transaction, event_time_ms=row.transaction.event_time_ms + shift_ms)
    return Row(row.number, moved, truth)


def paced(rows: Iterator[Row], rate: float, restamp: bool) -> Iterator[Row]:
    """Rows at a pace; with `restamp` each gets the time at which it is due to be sent."""
    origin, wall_ms = time.monotonic(), int(time.time() * 1000)
    for sent, row in enumerate(rows):
        due_s = sent / rate
        if (left := origin + due_s - time.monotonic()) > 0:
            time.sleep(left)
        at = wall_ms + int(due_s * 1000)
        yield shifted(row, at - row.transaction.event_time_ms) if restamp else row


def send(stack: Stack, report: Report, parcels: Iterator[Parcel], reading: Reading) -> Report:
    sent = labels_sent = 0

    def delivered(delivery: Sent) -> None:
        if delivery.error is None:
            report.accepted += delivery.token is _ROW
            report.labels += delivery.token is _LABEL

    sender = Sender(stack.kafka, delivered, linger_ms=5)
    labels, placed_by = stack.profile.topics.labels, stack.profile.partition_by
    with progress(f"ingest {Path(report.file).name}") as bar:
        for _, user, value, truth in parcels:
            sent += 1
            sender.send(report.topic, value, key_of(placed_by, user, value), token=_ROW)
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
