"""A user taken out of a store that can tell his events and forget them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

from pipeline.records.identity import Identity

EVERY: Final = (1 << 63) - 1
"""No position is greater."""
_AT_ONCE: Final = 5_000


class _Store(Protocol):
    def of_user(self, user_id: str) -> Iterator[Identity]: ...
    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None: ...


def erase_events(sink: _Store, user_id: str) -> int:
    """Drop what a store holds of a user's events, some at a time; how many there were. Raises Unavailable."""
    events = dict.fromkeys(sink.of_user(user_id))
    waiting = iter(events)
    while some := list(islice(waiting, _AT_ONCE)):
        sink.forget([(one, EVERY) for one in some])
    return len(events)
