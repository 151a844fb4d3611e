"""How far a tick may take its partition: the ticker's own clock beside the broker's.

The log's time is the broker's, and a tick says it to the job. Were that clock to stand an hour ahead for a
moment, a tick of that moment would make every event of the next hour late. So a tick also says until when its
writer can vouch for it, and moves its partition no further: it takes two wrong clocks to move the log's time.
A clock that was set back says less than it has said before. Knows neither clock nor network.
"""

from __future__ import annotations

from typing import Final

SLACK_MS: Final = 2_000
"""Clocks of machines that follow a time server differ by less; and so much ahead a partition may be moved."""
MOST_APART_MS: Final = 60_000
"""A broker whose clock has been further ahead of ours than this ever since we looked is not believed."""


class OwnClock:
    """Gives the limit of each tick, and learns how far ahead the broker's clock is at least, always.

    A ticker whose machine lags behind the broker by less than `MOST_APART_MS` puts no limit on anything that
    is well. Until the first tick was appended nothing is known, and so much is allowed.
    """

    def __init__(self) -> None:
        self._ahead_ms = MOST_APART_MS
        self._told_ms: dict[int, int] = {}

    def limit_ms(self, now_ms: int) -> int:
        """The newest position a tick may give its partition that is written now, by this machine's clock."""
        return now_ms + self._ahead_ms + SLACK_MS

    def learn(self, ordered_ms: int, append_ms: int) -> None:
        """A tick that was ordered then, by this machine's clock, has that append time."""
        self._ahead_ms = max(0, min(self._ahead_ms, append_ms - ordered_ms))

    def tells_all(self, partition: int, append_ms: int, limit_ms: int) -> bool:
        """Whether that tick can release what came before it: the broker's clock stood neither beyond its
        limit nor behind what an earlier tick of the partition has told."""
        before_ms, told_ms = self._told_ms.get(partition, 0), min(append_ms, limit_ms)
        self._told_ms[partition] = max(before_ms, told_ms)
        return before_ms <= append_ms <= limit_ms
