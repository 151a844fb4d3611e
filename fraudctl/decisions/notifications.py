"""What became of notifications that are not simply sent: read from the table of claims."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fraudctl.engines import workers
from fraudctl.errors import Unhealthy, UsageError
from fraudctl.home.stack import Stack
from pipeline import notifier
from pipeline.notify import erasure
from pipeline.sinks.dynamodb.client import Unreachable

if TYPE_CHECKING:
    from pipeline.notify.outbox import Claim


STATES = ("due", "claimed", "unknown", "refused")
"""What `open_claims` tells of; all others are settled."""

_AWAY = "see whether its store answers: fraudctl status; fraudctl logs dynamodb"


def counts(stack: Stack) -> dict[str, int] | None:
    """How many notifications are in each of `STATES`; None where the profile tells nobody of alerts.

    Raises Unhealthy where the table cannot be read.
    """
    if not workers.notifies(stack):
        return None
    claims = open_claims(stack)
    return {state: sum(claim.state == state for claim in claims) for state in STATES}


def open_claims(stack: Stack) -> list[Claim]:
    """What is due, claimed, unknown or refused, the longest in its state first.

    UsageError where the profile tells nobody; Unhealthy where the table cannot be read.
    """
    if not workers.notifies(stack):
        raise UsageError(
            f"the profile {stack.profile.name} tells nobody of alerts",
            hint="give it notify.channels and the sink dynamodb, see docs/notifications.md",
        )
    try:
        found = notifier.listed(notifier.Config.parse(workers.notifier(stack)))
    except Unreachable as error:
        raise Unhealthy(f"the claims cannot be read: {error}", hint=_AWAY) from error
    return sorted(found, key=lambda claim: claim.since_ms)


def of_user(stack: Stack, user_id: str) -> int:
    """How many claims name that user. Raises Unhealthy."""
    with _table(stack) as (client, table):
        return len(list(erasure.of_user(client, table, user_id)))


def erase(stack: Stack, user_id: str) -> int:
    """Drop the claims that name that user; how many there were. Raises Unhealthy."""
    with _table(stack) as (client, table):
        return erasure.erase(client, table, user_id)


@contextmanager
def _table(stack: Stack) -> Iterator[tuple[Any, str]]:
    config = notifier.Config.parse(workers.notifier(stack))
    try:
        yield config.client(), config.table
    except Unreachable as error:
        raise Unhealthy(f"the claims cannot be read: {error}", hint=_AWAY) from error
