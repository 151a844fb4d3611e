"""Which partitions of a log are silent and need a record that says so; knows neither clock nor network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SAFETY_MS: Final = 3.0
ACTIVE_POLL_MS: Final = 10.0
BUSY_RECORDS: Final = 10
"""A partition that gets so many between two looks falls silent seldom: it is looked at half as often."""
IDLE_POLL_MS: Final = 40.0
HOLD_MS: Final = 1_000.0
"""A partition that receives only late or refused records holds the others back no longer than this."""


@dataclass(slots=True)
class _Partition:
    end: int
    moved_ms: float
    """When it last received any record, a tick of ours included."""
    closed: bool = False
    """A tick after the last activity plus the settling time is in its log."""
    own: set[int] = field(default_factory=set)
    """Offsets of our own ticks that no observation has passed yet."""
    reminded_ms: float = 0.0
    """When it last got a tick of either kind, or became busy."""
    limited_ms: float = float("-inf")
    """When it last got one that could not say all, since the last activity."""
    came: int = 0
    """Records at the last look, without ticks of ours."""


class Silence:
    """Decides which partitions need a tick. Times are milliseconds of any one clock that never goes back.

    Three cases ask for a tick: a partition got nothing for `silent_ms` while another one did; all are
    silent for `out_of_orderness_ms` plus a small safety after the last record (then each gets one, so that
    everything buffered is released); and a busy partition had none for `HOLD_MS`, since its records may all
    be late or refused and move nothing: that tick says "at most `HOLD_MS` behind", which makes nobody late
    who is not. Ticks are not activity: `ticked` says which records are ours. A start counts as activity, so
    what was written while nobody watched is released too.

    A tick that does not tell all (the broker's clock stood beyond what its writer vouches for, or was set
    back) may not have released everything, so it is not the last one: another follows every `HOLD_MS`.
    """

    def __init__(self, out_of_orderness_ms: float, silent_ms: float = 20.0) -> None:
        self._settle_ms = out_of_orderness_ms + SAFETY_MS
        self._silent_ms = silent_ms
        self._partitions: dict[int, _Partition] = {}
        self._active_ms = float("-inf")

    def observe(self, now_ms: float, ends: Mapping[int, int]) -> list[int]:
        """Takes the end offset of every partition and returns the partitions to tick now, in order.

        A partition that is not confirmed by `ticked` is returned again by the next observation.
        """
        for partition, end in ends.items():
            self._move(partition, end, now_ms)
        return [
            partition for partition in sorted(ends) if self._needs_tick(self._partitions[partition], now_ms)
        ]

    def held(self, now_ms: float) -> list[int]:
        """The partitions to tick now as at most `HOLD_MS` behind; ask after `observe`."""
        return [
            partition
            for partition, state in sorted(self._partitions.items())
            if not state.closed
            and not self._needs_tick(state, now_ms)
            and now_ms - state.reminded_ms >= HOLD_MS
        ]

    def ticked(
        self, partition: int, offset: int, now_ms: float, behind_ms: float = 0, tells_all: bool = True
    ) -> None:
        """Our tick stands at `offset`; it was appended at `now_ms` or a little before, after its order."""
        state = self._partitions[partition]
        state.reminded_ms = now_ms
        if offset >= state.end:
            state.own.add(offset)
        if behind_ms:
            return
        state.moved_ms = now_ms
        if tells_all:
            state.closed = state.closed or self._settled(now_ms)
        else:
            state.limited_ms = now_ms

    @property
    def is_told(self) -> bool:
        """Whether all is told of every partition, so that nothing is to be done before a record comes."""
        return all(state.closed for state in self._partitions.values())

    def wait_ms(self, now_ms: float) -> float:
        """How long the next observation may wait: short while something goes on, long when all is told."""
        if self.is_told:
            return IDLE_POLL_MS
        are_busy = all(state.came >= BUSY_RECORDS for state in self._partitions.values())
        longest_ms = max(self._silent_ms, ACTIVE_POLL_MS) if are_busy else ACTIVE_POLL_MS
        until_settled = self._active_ms + self._settle_ms - now_ms
        return longest_ms if until_settled <= 0 else min(longest_ms, max(1.0, until_settled))

    def _move(self, partition: int, end: int, now_ms: float) -> None:
        state = self._partitions.get(partition)
        if state is None:
            self._partitions[partition] = _Partition(end, now_ms, reminded_ms=now_ms)
            self._woken(now_ms)
            return
        passed = {offset for offset in state.own if offset < end}
        state.came = end - state.end - len(passed)
        if end != state.end:
            if state.came:
                state.moved_ms = now_ms
                self._woken(now_ms)
            state.own -= passed
            state.end = end

    def _woken(self, now_ms: float) -> None:
        self._active_ms = now_ms
        for state in self._partitions.values():
            state.reminded_ms = now_ms if state.closed else state.reminded_ms
            state.closed, state.limited_ms = False, float("-inf")

    def _settled(self, now_ms: float) -> bool:
        return now_ms - self._active_ms >= self._settle_ms

    def _needs_tick(self, state: _Partition, now_ms: float) -> bool:
        if state.closed:
            return False
        if self._settled(now_ms):
            return now_ms - state.limited_ms >= HOLD_MS
        return self._active_ms > state.moved_ms and now_ms - state.moved_ms >= self._silent_ms
