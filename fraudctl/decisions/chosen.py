"""Which of several decisions that bear one event id is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fraudctl.console.streams import say
from fraudctl.errors import Failed, UsageError

if TYPE_CHECKING:
    from fraudctl.decisions.explain import Found


def one_of(found: list[Found], event_id: str) -> Found:
    """The only one. Raises UsageError naming the users when there are several, Failed for none."""
    if not found:
        raise Failed(f"no decision about {event_id!r} is known", hint="see the latest: fraudctl alerts")
    users_of = {one.decision.transaction.user_id for one in found}
    if len(users_of) == 1:
        return _chosen(found, event_id)
    if len(found) > 1:
        users = ", ".join(sorted(users_of))
        raise UsageError(
            f"{len(users_of)} users have an event {event_id!r}: {users}",
            hint="name one with --user",
            code="ambiguous",
        )
    return found[0]


def _chosen(found: list[Found], event_id: str) -> Found:
    """The one with exactly that stored id, else the first; the others that bear the id are named."""
    exact = [one for one in found if one.decision.identity[1] == event_id]
    chosen = (exact or found)[0]
    others = [one.decision.identity[1] for one in found if one is not chosen]
    if others and chosen.decision.content_hash is None:
        named = ", ".join(repr(one) for one in others)
        say(f"the id was used again, for other payments; explain those with: {named}")
    return chosen
