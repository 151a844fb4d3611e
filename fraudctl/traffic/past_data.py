"""Past data: a topic of its own in the order of event times, ended by one close record per partition, and a
bounded job whose clock is the data's own."""

from __future__ import annotations

import re
from pathlib import Path

from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.errors import UsageError
from fraudctl.files import order as sorting
from fraudctl.files.rows import Reading
from fraudctl.home.stack import Stack
from fraudctl.jobs import bounded
from fraudctl.jobs.submission import ruleset_content
from fraudctl.kafka import admin, broker, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.traffic.accounting import Account
from fraudctl.traffic.ingest_report import Order, Report
from fraudctl.traffic.sending import good, parcel, reading_of, report_of, send, watched
from pipeline.rules import ruleset

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


def ingest_history(
    stack: Stack, order: Order, name: str | None, rules: Path | None = None, wait_s: float = 3600.0
) -> Report:
    """Send the file's rows to a new topic of past data, score them by a bounded job, count the decisions.

    The job uses the stack's rule set, or that in the file `rules`. UsageError, with nothing sent, when that
    cannot be used, when the name cannot be used or was used before, and where Flink takes no job from us.
    """
    bounded.check(stack)
    content = ruleset_content(rules or stack.profile.rules)
    chosen = history_name(name or order.name)
    topic = f"{stack.profile.topics.transactions}.history.{chosen}"
    if admin.describe(stack.kafka, [topic]):
        raise UsageError(f"{topic} exists", hint="choose another name with --name", code="history_exists")
    reading = reading_of(stack, order, ruleset.parse(content))
    admin.create(stack.kafka, [_history_spec(stack, topic)])
    account = Account(topic)
    report = load(stack, order, topic, reading, account)
    if report.newest_ms is None or report.not_accepted:
        return report
    before = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    with progress(f"scoring {chosen}") as bar:
        job = bounded.run(stack, topic, f"history-{chosen}", wait_s, bar, ruleset=content)
        account.take_decisions(stack, before, bar)
        report.history = {**job, **account.as_document()}
    return report


def load(stack: Stack, order: Order, topic: str, reading: Reading, account: Account) -> Report:
    """Fill the topic and end it. Where nothing came of it, or not all, the topic goes again."""
    try:
        report = report_of(stack, order, topic, reading)
        report.is_sorted = True
        with progress(f"ingest {order.name}") as bar:
            rows = map(account.note, watched(good(reading, report), report, bar))
            send(stack, report, sorting.in_order(map(parcel, rows)), reading, bar)
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


def history_name(text: str) -> str:
    name = re.sub(r"\.(gz|zip|zst|bz2|xz|jsonl|ndjson|json|csv|tsv|parquet)(?=\.|$)", "", text.lower())
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
