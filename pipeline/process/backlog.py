"""How far a member of a consumer group is behind, also while it fetches nothing.

What a fetch brings along about a partition's end costs nothing. While nothing is fetched that stands still,
just when somebody wants to know; so the broker is asked, at most once a second. Knows no client: see `Ends`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

ASK_EVERY_S = 1.0

Ends = Callable[[int, bool], tuple[int, int] | None]
"""Of a partition its first offset and the one after its last: as the last fetch had it, or (True) as the
broker says now; None when it does not."""


class Backlog:
    """Of one assignment. The broker is asked once in any case: a fetch does not tell where a log begins."""

    def __init__(self, ends: Ends, clock: Callable[[], float] = time.monotonic) -> None:
        self._ends, self._clock = ends, clock
        self._asked: dict[int, tuple[int, int]] | None = None
        self._ask_again = 0.0

    def of(self, committed: Mapping[int, int], is_fetching: bool) -> int | None:
        """The records from these offsets on, one for each assigned partition; None when it is not known."""
        if not is_fetching or self._asked is None:
            self._ask(committed)
        asked = self._asked
        if asked is None:
            return None
        return sum(
            max(0, self._end(partition, end, is_fetching) - max(committed[partition], begin))
            for partition, (begin, end) in asked.items()
        )

    def _ask(self, partitions: Iterable[int]) -> None:
        if self._clock() >= self._ask_again:
            self._asked = self._answers(partitions)
            self._ask_again = self._clock() + ASK_EVERY_S

    def _answers(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]] | None:
        """Up to the first that is not answered: then no broker is there, and each would take its time."""
        found: dict[int, tuple[int, int]] = {}
        for partition in partitions:
            if (said := self._ends(partition, True)) is None:
                return None
            found[partition] = said
        return found

    def _end(self, partition: int, asked: int, is_fetching: bool) -> int:
        """A partition only grows, so the greater one is the newer."""
        fetched = self._ends(partition, False) if is_fetching else None
        return max(asked, fetched[1]) if fetched else asked
