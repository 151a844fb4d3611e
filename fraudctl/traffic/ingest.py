"""Bring a user's own data into the pipeline: live, or as past data in a topic and a job of their own.

Live rows are transactions of now: what is older than an hour is refused before anything is sent. Past
data goes to `<transactions>.history.<name>` in the order of its event times, is ended by one close record
per partition, and scored by a bounded job whose clock is the data's own. Labels go to the labels topic in
both cases.
"""

from __future__ import annotations

from fraudctl.console.progress import progress
from fraudctl.errors import UsageError
from fraudctl.files.rows import Reading, RefusedRow
from fraudctl.home import rulesets
from fraudctl.home.stack import Stack
from fraudctl.traffic.ingest_report import Order, Report
from fraudctl.traffic.sending import good, moved, paced, parcel, reading_of, report_of, send
from pipeline.records import clock
from pipeline.records.quantities import format_time

OLDEST_LIVE_MS = clock.HOUR_MS


def ingest_live(stack: Stack, order: Order) -> Report:
    """Send the file's rows to the live topic. UsageError, with nothing sent, when they are of the past."""
    now_ms = clock.now_ms()
    reading = reading_of(stack, order, rulesets.read(stack.profile.rules))
    span = _scan(reading, order)
    has_pace = order.rate is not None
    if span and span[0] < now_ms - OLDEST_LIVE_MS and not order.shift_to_now:
        raise _past(order.name, span[0])
    shift_ms = now_ms - span[1] if span and order.shift_to_now and not has_pace else 0
    topic = order.topic or stack.profile.topics.transactions
    report = report_of(stack, order, topic, reading)
    rows = moved(good(reading, report), shift_ms)
    if order.rate is not None:
        rows = paced(rows, order.rate, order.shift_to_now)
    with progress(f"ingest {order.name}") as bar:
        return send(stack, report, map(parcel, rows), reading, bar, has_pace)


def _past(name: str, oldest_ms: int) -> UsageError:
    return UsageError(
        f"{name} holds past data (from {format_time(oldest_ms)}), the live topic takes the last hour",
        hint="use --history to score it in a topic and a job of its own, or --shift-to-now to move it to now",
        code="past_data",
    )


def _scan(reading: Reading, order: Order) -> tuple[int, int] | None:
    """Oldest and newest event time of the good rows; stops early at the first that is certainly too old."""
    oldest, newest, limit = None, None, clock.now_ms() - OLDEST_LIVE_MS
    for row in reading:
        if isinstance(row, RefusedRow):
            continue
        at = row.transaction.event_time_ms
        oldest, newest = min(at, oldest or at), max(at, newest or at)
        if oldest < limit and not order.shift_to_now:
            break
    return None if oldest is None or newest is None else (oldest, newest)
