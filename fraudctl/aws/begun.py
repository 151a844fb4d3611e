"""Who interrupts a wait for AWS is told that what was begun there goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fraudctl.console.streams import say


@contextmanager
def goes_on() -> Iterator[None]:
    """Waiting for what AWS does by itself once it was asked."""
    try:
        yield
    except KeyboardInterrupt:
        say(
            "what was begun at AWS goes on; how far it is tells the status, and the same command waits for it"
        )
        raise
