"""How long a store keeps a decision: what a sink offers that drops what is older, and who asks it to.

An age is that of the event, by its own time. A store drops by what it is made of (rows, a month's index, a
day's files), so something may be kept until the last of its neighbours is old enough; `Entry.expires_ms` is
the moment from which it may be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, NamedTuple, Protocol, TypeGuard

from pipeline.records.clock import DAY_MS, MINUTE_MS, SECOND_MS
from pipeline.records.decision_bytes import Undecodable
from pipeline.settings.kinds import Duration
from pipeline.sinks import Sink, Unavailable

RetentionMs = Annotated[int, Duration(DAY_MS, 36_500 * DAY_MS)]
"""The kind of the setting `retention`."""
EVERY_MS: Final = 10 * MINUTE_MS
AGAIN_MS: Final = 10 * SECOND_MS
"""The wait until the next look where the last one left something."""


class Dropped(NamedTuple):
    """What one look came to: so many rows, indices or files, and whether it stopped before it had all."""

    number: int = 0
    is_more: bool = False


class Ageing(Sink, Protocol):
    """A sink whose store drops what is old."""

    def expire(self, now_ms: int) -> Dropped:
        """Drop what is older than the settings say, for some seconds at most. Raises Unavailable."""


class Told(Protocol):
    """Where it is counted; `pipeline.metrics.SinkStatus` is the real one."""

    expired: int
    last_error: str | None


class Sweep:
    """Asks a store every ten minutes, sooner while there is more. One that cannot now is asked later."""

    def __init__(self, sink: Sink, told: Told, now_ms: Callable[[], int]) -> None:
        self._sink, self._told, self._now_ms = sink, told, now_ms
        self._next_ms = 0

    def look(self) -> None:
        """Does nothing while it is not time, and for a sink that keeps everything."""
        now_ms = self._now_ms()
        if now_ms < self._next_ms or not ages(self._sink):
            return
        dropped = Dropped()
        try:
            dropped = self._sink.expire(now_ms)
        except Unavailable as error:
            self._told.last_error = str(error)
        self._told.expired += dropped.number
        self._next_ms = now_ms + (AGAIN_MS if dropped.is_more else EVERY_MS)


def ages(sink: Sink) -> TypeGuard[Ageing]:
    """Whether this sink can drop what is old."""
    return hasattr(sink, "expire")


def time_ms(event_time: str) -> int:
    """A decision's event time in milliseconds since 1970. Raises Undecodable."""
    try:
        return round(datetime.fromisoformat(event_time).timestamp() * SECOND_MS)
    except (ValueError, TypeError, OverflowError):
        raise Undecodable(f"event_time of another form: {event_time!r}") from None
