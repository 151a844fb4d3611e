"""Flagged decisions for the people who look at them: the latest, those to come, and who has the most.

The latest come from PostgreSQL, those to come from the decisions topic, the leaders from Redis. Knows
nothing of why a decision was taken: see `fraudctl.decisions.explain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fraudctl.errors import Unhealthy, UsageError
from fraudctl.kafka import admin, tail
from fraudctl.kafka.tail import Record
from pipeline.records.decision_bytes import Parts, Undecodable, glance, take_apart
from pipeline.sinks import Damaged, Unavailable
from pipeline.sinks.postgres import reader
from pipeline.sinks.redis import reader as redis_reader

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

FLAGS = ("review", "block")


@dataclass(frozen=True, slots=True)
class Alert:
    """A flagged decision. Times are ISO 8601 in UTC, `amount` is exact decimal text."""

    decided_at: str
    event_time: str
    user_id: str
    event_id: str
    amount: str
    currency: str | None
    ip: str | None
    score: int
    decision: str
    reasons: tuple[Mapping[str, Any], ...]

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return document | {"reasons": [dict(reason) for reason in self.reasons]}

    @property
    def money(self) -> str:
        return f"{self.amount} {self.currency}" if self.currency else self.amount

    @property
    def why(self) -> str:
        return "; ".join(str(reason["text"]) for reason in self.reasons)


def latest(dsn: str, since_ms: int, limit: int, decision: str | None = None) -> list[Alert]:
    """The newest alerts decided at or after `since_ms`, newest first. Raises Unhealthy."""
    try:
        rows = reader.latest(dsn, since_ms, limit, wanted(decision))
    except Damaged as error:
        raise Unhealthy(
            f"PostgreSQL cannot tell: {error}",
            hint="its tables are not as the sink left them; compare: fraudctl verify sinks --sink postgres",
            code="damaged",
        ) from error
    except Unavailable as error:
        raise Unhealthy(f"PostgreSQL does not answer: {error}", hint="see: fraudctl status") from error
    return [Alert(*row) for row in rows]


def follow(stack: Stack, decision: str | None = None, since_ms: int | None = None) -> Iterator[Alert]:
    """Alerts as they are decided, for ever; from `since_ms` (append time) on when given."""
    topic = stack.profile.topics.decisions
    start: Mapping[int, int] | str = "latest"
    if since_ms is not None:
        start = admin.offsets_at(stack.kafka, topic, since_ms)
    names = wanted(decision)
    for record in tail.records(stack.kafka, topic, start, follow=True):
        alert = read(record)
        if alert is not None and alert.decision in names:
            yield alert


def read(record: Record) -> Alert | None:
    """The alert in a record of the decisions topic; None when it is approved or no decision."""
    value = record.value or b""
    try:
        if not glance(value).flagged:
            return None
        return _alert(take_apart(value), record.append_ms)
    except Undecodable:
        return None


def top(
    url: str, kind: str, limit: int, now_ms: int, damaged: Callable[[str], object] = lambda _: None
) -> list[tuple[str, int]]:
    """Addresses (kind "ip") or users ("user") with the most distinct flagged events of the last 24 h.

    What Redis holds of another form is told to `damaged`, and left out. Raises Unhealthy.
    """
    try:
        return redis_reader.top(url, kind, limit, now_ms, damaged=damaged)
    except Damaged as error:
        raise Unhealthy(
            f"Redis holds what no sink writes: {error}",
            hint="delete that key: it is filled again by the flags to come",
            code="damaged",
        ) from error
    except Unavailable as error:
        raise Unhealthy(f"Redis does not answer: {error}", hint="see: fraudctl status") from error


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


def _alert(parts: Parts, append_ms: int) -> Alert:
    transaction, verdict = parts.transaction, parts.verdict
    decided_at = iso(datetime.fromtimestamp(append_ms / 1000, UTC))
    return Alert(
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
