"""Flagged decisions for the people who look at them: the latest, those to come, and who has the most.

The latest come from PostgreSQL, those to come from the decisions topic, the leaders from Redis. Knows
nothing of why a decision was taken: see `fraudctl.decisions.explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fraudctl.errors import Unhealthy, UsageError
from fraudctl.kafka import admin, forgotten, tail
from fraudctl.kafka.tail import Record
from pipeline.records.decision_bytes import Parts, Undecodable, glance, take_apart
from pipeline.records.flagged import Flagged
from pipeline.sinks import OPEN, Damaged, Unavailable, Way, mend
from pipeline.sinks.postgres import reader
from pipeline.sinks.redis import reader as redis_reader

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

FLAGS = ("review", "block")


def latest(
    dsn: str, since_ms: int, limit: int, decision: str | None = None, way: Way = OPEN
) -> list[Flagged]:
    """The newest alerts decided at or after `since_ms`, newest first. Raises Unhealthy."""
    try:
        return reader.latest(dsn, since_ms, limit, wanted(decision), way)
    except Damaged as error:
        raise Unhealthy(
            f"PostgreSQL cannot tell: {error}",
            hint="its tables are not as the sink left them; compare: fraudctl verify sinks --sink postgres",
            code="damaged",
        ) from error
    except Unavailable as error:
        hint = mend("postgres", error) or "see: fraudctl status"
        raise Unhealthy(f"PostgreSQL does not answer: {error}", hint=hint) from error


def newest(stack: Stack, since_ms: int, limit: int, decision: str | None = None) -> list[Flagged]:
    """The same of a stack, as its profile lets people see them."""
    found = latest(stack.sink_address("postgres"), since_ms, limit, decision, stack.way("postgres"))
    return [one.masked(stack.profile.masks) for one in found]


def follow(stack: Stack, decision: str | None = None, since_ms: int | None = None) -> Iterator[Flagged]:
    """Alerts as they are decided, for ever; from `since_ms` (append time) on when given."""
    topic = stack.profile.topics.decisions
    start: Mapping[int, int] | str = "latest"
    if since_ms is not None:
        start = admin.offsets_at(stack.kafka, topic, since_ms)
    names = wanted(decision)
    found = tail.records(stack.kafka, topic, start, follow=True)
    for record in forgotten.remembered(found, forgotten.of(stack)):
        alert = read(record)
        if alert is not None and alert.decision in names:
            yield alert.masked(stack.profile.masks)


def read(record: Record) -> Flagged | None:
    """The alert in a record of the decisions topic; None when it is approved or no decision."""
    value = record.value or b""
    try:
        if not glance(value).flagged:
            return None
        return _alert(take_apart(value), record.append_ms)
    except Undecodable:
        return None


def top(
    url: str,
    kind: str,
    limit: int,
    now_ms: int,
    damaged: Callable[[str], object] = lambda _: None,
    way: Way = OPEN,
) -> list[tuple[str, int]]:
    """Addresses (kind "ip") or users ("user") with the most distinct flagged events of the last 24 h.

    What Redis holds of another form is told to `damaged`, and left out. Raises Unhealthy.
    """
    try:
        return redis_reader.top(url, kind, limit, now_ms, way, damaged=damaged)
    except Damaged as error:
        raise Unhealthy(
            f"Redis holds what no sink writes: {error}",
            hint="delete that key: it is filled again by the flags to come",
            code="damaged",
        ) from error
    except Unavailable as error:
        hint = mend("redis", error) or "see: fraudctl status"
        raise Unhealthy(f"Redis does not answer: {error}", hint=hint) from error


def wanted(decision: str | None) -> tuple[str, ...]:
    """The decisions to show. Raises UsageError for a word that is none."""
    if decision is None:
        return FLAGS
    if decision not in FLAGS:
        raise UsageError(f"no alert is a {decision!r}", hint=f"one of: {', '.join(FLAGS)}")
    return (decision,)


def iso(time: datetime) -> str:
    """`2026-01-31T23:59:59.123Z`"""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _alert(parts: Parts, append_ms: int) -> Flagged:
    transaction, verdict = parts.transaction, parts.verdict
    decided_at = iso(datetime.fromtimestamp(append_ms / 1000, UTC))
    return Flagged(
        decided_at,
        transaction["event_time"],
        *parts.identity,
        str(transaction["amount"]),
        transaction.get("currency"),
        transaction.get("ip"),
        verdict["score"],
        verdict["decision"],
        tuple(verdict["reasons"]),
    )
