"""Who interrupts a wait for AWS is told that what was begun there goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fraudctl.aws.account import Account
from fraudctl.console.streams import say


@contextmanager
def goes_on(account: Account) -> Iterator[None]:
    """Waiting for what AWS does by itself once it was asked."""
    try:
        yield
    except KeyboardInterrupt:
        where = f" --region {account.region}" if account.region else ""
        say(
            "what was begun at AWS goes on, and the same command waits for it; "
            f"how far it is tells: fraudctl aws status --name {account.name}{where}"
        )
        raise
