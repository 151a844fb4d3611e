"""Rows on their way: counted, moved in time, paced and sent, with what Kafka took of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from fraudctl.console.progress import Progress
from fraudctl.console.streams import say
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Label, Reading, RefusedRow, Row
from fraudctl.files.sources import Paths
from fraudctl.files.to_mend import ToMend
from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender
from fraudctl.traffic.ingest_report import Order, Report
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock
from pipeline.records.events import Transaction, encode
from pipeline.records.label import label_value
from pipeline.records.placing import USER, key_of
from pipeline.rules.ruleset import RuleSet
from pipeline.rules.words import said_kinds

_SHOWN_EACH = 5_000
_AT_ONCE = 1_000
"""Rows handed over at once, where none has a time of its own to be sent at."""
_LINGER_MS = 50
"""What is sent as fast as it goes is gathered that long: larger batches cost everybody less."""
_PACED_LINGER_MS = 5
_MOST_HELD = 20_000
"""Records that wait for the broker: enough that it never waits, and little memory."""
_TOLD_EACH_S = 0.2

Parcel = tuple[int, bytes, bytes, bytes | None]
"""A row as it is sent: its event time, its user, the transaction, its label if it has one."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where rows and their labels go, and by which field rows are placed."""

    kafka: Kafka
    rows: str
    labels: str
    placed_by: str = USER


@dataclass(slots=True)
class Sending:
    """How many were handed over so far, and how many of them Kafka did not take, which is known at the
    end."""

    rows: int = 0
    labels: int = 0
    rows_failed: int = 0
    labels_failed: int = 0
    began_s: float | None = None

    def said(self, of: int) -> str:
        """How fast it goes, and how long until so many are sent."""
        rate = self.rows / max(time.monotonic() - (self.began_s or 0), 0.001)
        left = f", {(of - self.rows) / rate:.0f} s left" if of > self.rows else ""
        return f"{rate:,.0f} rows/s{left}"


def reading_of(stack: Stack, order: Order, rules: RuleSet) -> Reading:
    """The rows to be read, further fields in the kinds that the rule set declares."""
    told = stack.profile.pipeline
    options = order.options.with_kinds(said_kinds(rules.words.fields))
    reading = Reading(
        order.paths, options, told.max_event_bytes, until_ms=order.until_ms, ids=told.ids.limits
    )
    say(reading.said())
    return reading


def report_of(stack: Stack, order: Order, topic: str, reading: Reading) -> Report:
    """An account of what is to come. The home keeps no rows of people without being asked, only reasons."""
    default = stack.home / "ingest" / f"{order.name}-{clock.now_ms()}.refused.jsonl"
    asked = None if order.to_mend is None else ToMend(order.to_mend, reading.surveys)
    refused = Refusals(order.refused or default, with_rows=order.refused is not None, to_mend=asked)
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


def watched(rows: Iterator[Row], report: Report, bar: Progress) -> Iterator[Row]:
    """The same rows, with word of how many have been read."""
    began_s = time.monotonic()
    while some := list(islice(rows, _SHOWN_EACH)):
        rate = report.rows / max(time.monotonic() - began_s, 0.001)
        bar.update(0, f"{report.rows} rows read, {len(report.refused)} refused, {rate:,.0f} rows/s")
        yield from some


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
        truth = replace(truth, time_ms=truth.time_ms + shift_ms)
    moved = replace(row.transaction, event_time_ms=row.transaction.event_time_ms + shift_ms)
    return Row(row.number, moved, truth)


def paced(rows: Iterator[Row], rate: float, restamp: bool) -> Iterator[Row]:
    """Rows at a pace; with `restamp` each gets the time at which it is due to be sent."""
    origin, wall_ms = time.monotonic(), clock.now_ms()
    for sent, row in enumerate(rows):
        due_s = sent / rate
        if (left := origin + due_s - time.monotonic()) > 0:
            time.sleep(left)
        at = wall_ms + int(due_s * 1000)
        yield shifted(row, at - row.transaction.event_time_ms) if restamp else row


def send(
    stack: Stack,
    report: Report,
    parcels: Iterator[Parcel],
    reading: Reading,
    bar: Progress,
    is_paced: bool = False,
) -> Report:
    """Send them in this order, those that are paced when they come; the report says what became of all."""
    topics = stack.profile.topics
    route = Route(stack.kafka, report.topic, topics.labels, stack.profile.partition_by)
    for sending in sent(route, parcels, is_paced):
        good_rows = report.rows - len(report.refused)
        so_far = f"{sending.rows} of {report.rows} rows, {len(report.refused)} refused"
        bar.update(sending.rows, f"{so_far}, {sending.said(good_rows if report.is_sorted else 0)}")
    report.accepted, report.not_accepted = sending.rows - sending.rows_failed, sending.rows_failed
    report.labels, report.labels_not_accepted = sending.labels - sending.labels_failed, sending.labels_failed
    report.notes = reading.notes()
    report.refused.close()
    return report


def sent(route: Route, parcels: Iterator[Parcel], is_paced: bool = False) -> Iterator[Sending]:
    """Send them in this order; how far that is, now and then, and at last when all of it is known."""
    sending, told_s = Sending(), 0.0
    linger_ms = _PACED_LINGER_MS if is_paced else _LINGER_MS
    sender = Sender(route.kafka, linger_ms=linger_ms, most_held=_MOST_HELD)
    while some := list(islice(parcels, 1 if is_paced else _AT_ONCE)):
        now_s = time.monotonic()
        sending.began_s = sending.began_s or now_s
        truths = [(truth, user) for _, user, _, truth in some if truth is not None]
        sender.send_all(route.rows, _placed(some, route.placed_by))
        sender.send_all(route.labels, truths)
        sending.rows += len(some)
        sending.labels += len(truths)
        if now_s - told_s >= _TOLD_EACH_S:
            told_s = now_s
            yield sending
    sender.finish()
    # What has no report by now is not accepted either.
    sending.rows_failed, sending.labels_failed = sender.failed_of[route.rows], sender.failed_of[route.labels]
    yield sending


def _placed(parcels: list[Parcel], placed_by: str) -> Iterator[tuple[bytes, bytes]]:
    if placed_by == USER:
        return ((value, user) for _, user, value, _ in parcels)
    return ((value, key_of(placed_by, user, value)) for _, user, value, _ in parcels)


def _label_value(tx: Transaction, given: Label) -> bytes:
    known_ms = tx.event_time_ms if given.time_ms is None else given.time_ms
    identity = tx.user_id, tx.event_id
    return label_value(identity, given.fraud, given.by or "ingest", known_ms, given.scenario)
