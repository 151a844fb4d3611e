"""Past data: a topic of its own in the order of event times, ended by one close record per partition, and a
bounded job whose clock is the data's own."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from fraudctl.console.progress import Progress, progress
from fraudctl.console.streams import say
from fraudctl.errors import UsageError
from fraudctl.files import order as sorting
from fraudctl.files.rows import Reading
from fraudctl.home.stack import Stack
from fraudctl.jobs import bounded
from fraudctl.jobs.submission import ruleset_content
from fraudctl.kafka import admin, broker, tail, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.traffic.ingest_report import Order, Report
from fraudctl.traffic.sending import good, parcel, reading_of, report_of, send
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
    report = load(stack, order, topic, reading)
    if report.newest_ms is None or report.not_accepted:
        return report
    before = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    with progress(f"scoring {chosen}") as bar:
        job = bounded.run(stack, topic, f"history-{chosen}", wait_s, bar, ruleset=content)
        report.history = job | _count(stack, topic, before, bar)
    return report


def load(stack: Stack, order: Order, topic: str, reading: Reading) -> Report:
    """Fill the topic and end it. Where nothing came of it, or not all, the topic goes again."""
    try:
        report = report_of(stack, order, topic)
        report.is_sorted = True
        parcels = sorting.in_order(map(parcel, good(reading, report)))
        send(stack, report, parcels, reading)
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


def _count(stack: Stack, topic: str, before: dict[int, int], bar: Progress) -> dict[str, Any]:
    """Decisions about the topic's events. The job has finished, so all of them stand in the log by now."""
    expected = _identities(stack, topic, bar)
    seen: set[int] = set()
    currencies: Counter[str] = Counter()
    alerts = decided = reused = 0
    for record in tail.records(stack.kafka, stack.profile.topics.decisions, before):
        document = json.loads(record.value or b"{}")
        if document.get("source", {}).get("topic") != topic:
            continue
        decided += 1
        alerts += document["decision"] != "approve"
        reused += document.get("reused_id", False)
        currencies.update([document["currency"]] if "currency" in document else [])
        seen.add(hash((document["user_id"], document["event_id"])))
        bar.update(len(seen), f"{len(seen)} of {len(expected)} decided")
    counts = {"events": len(expected), "decided": decided, "undecided": len(expected - seen)}
    return counts | {"reused_ids": reused, "alerts": alerts, "currencies": dict(currencies.most_common())}
