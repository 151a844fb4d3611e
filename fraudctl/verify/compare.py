"""Lays log and stores side by side, one bucket of events at a time, and says where they differ.

Digests decide here; what looks like a fault is only a suspect until `examine` has looked at it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from fraudctl.verify import spill
from fraudctl.verify.classes import Difference, Found, Kind, Wanted, classify
from fraudctl.verify.log import Offsets
from fraudctl.verify.scan import Plan
from pipeline.delivery import Identity

_OFFSET = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the log counts. `committed` is per sink, in the plan's order, from before the scan."""

    begins: Offsets
    starts: Offsets
    ends: Offsets | None
    committed: tuple[Offsets, ...]

    def holds(self, partition: int, position: int) -> bool:
        """Whether a decision lies in the part that was asked for."""
        return self.ends is None or position & _OFFSET < self.ends.get(partition, 0)

    def is_delivered(self, sink: int, partition: int, position: int) -> bool:
        return position & _OFFSET < self.committed[sink].get(partition, 0)

    def is_older(self, partition: int | None, position: int) -> bool:
        """Whether it may have been in the log once: below its partition's begin, or any one's if unknown."""
        begins = self.begins.values() if partition is None else [self.begins.get(partition, 0)]
        return position >= 0 and position & _OFFSET < max(begins, default=0)

    def is_outside(self, partition: int | None, position: int) -> bool:
        """Whether it may belong to a part of the log that was not asked for."""
        offset = position & _OFFSET
        if position < 0:
            return False
        starts = self.starts.values() if partition is None else [self.starts.get(partition, 0)]
        if offset < max(starts, default=0):
            return True
        if self.ends is None:
            return False
        ends = self.ends.values() if partition is None else [self.ends.get(partition, 0)]
        return offset >= min(ends, default=0)


class _Row(NamedTuple):
    """One decision in the log, as it is spilled."""

    user_id: str
    event_id: str
    position: int
    partition: int
    digests: tuple[bytes | None, ...]
    expires_ms: tuple[int | None, ...]

    def wanted(self, sink: int) -> Wanted:
        return Wanted(self.position, self.digests[sink], self.expires_ms[sink])


@dataclass(slots=True)
class Count:
    """What was compared for one sink."""

    held: int = 0
    expected: int = 0
    equal: int = 0
    classes: dict[Kind, int] = field(default_factory=dict)


class Comparison:
    """Goes through all buckets; `counts` (one per sink) and `decisions` are right once it has."""

    def __init__(self, plan: Plan, scope: Scope, now_ms: int) -> None:
        self._plan = plan
        self._scope = scope
        self._now_ms = now_ms
        self.counts = [Count() for _ in plan.sinks]
        self.decisions = 0

    def differences(self) -> Iterator[tuple[int, Difference]]:
        """Every difference with the place of its sink, those with a reason included."""
        for number in range(self._plan.buckets):
            bucket = format(number, "05d")
            newest, delivered = self._fold(bucket)
            self.decisions += len(newest)
            for sink in range(len(self._plan.sinks)):
                for difference in self._differ(sink, bucket, newest, delivered[sink]):
                    yield sink, difference

    def _fold(self, bucket: str) -> tuple[dict[Identity, _Row], list[dict[Identity, _Row]]]:
        """Per event the newest decision, and per sink the newest one delivered where it is another."""
        newest: dict[Identity, _Row] = {}
        delivered: list[dict[Identity, _Row]] = [{} for _ in self._plan.sinks]
        places = range(len(self._plan.sinks))
        for raw in spill.rows(self._plan.log_rows(), bucket):
            row = _Row._make(raw)
            identity = row.user_id, row.event_id
            known = newest.get(identity)
            if known is None or row.position > known.position:
                newest[identity] = row
            for sink in places:
                if self._scope.is_delivered(sink, row.partition, row.position):
                    other = delivered[sink].get(identity)
                    if other is None or row.position > other.position:
                        delivered[sink][identity] = row
        return newest, delivered

    def _differ(
        self, sink: int, bucket: str, newest: dict[Identity, _Row], delivered: dict[Identity, _Row]
    ) -> Iterator[Difference]:
        held = self._held(sink, bucket)
        dead = set(spill.rows(self._plan.dead_rows(sink), bucket))
        count, name = self.counts[sink], self._plan.sinks[sink].sink
        count.held += len(held)
        for identity, row in newest.items():
            at = held.pop(identity, None)
            if not self._scope.holds(row.partition, row.position):
                continue
            found = None if at is None else at[0]
            committed = delivered.get(identity)
            wanted = row.wanted(sink)
            before = wanted if committed is row else None if committed is None else committed.wanted(sink)
            refused = (*identity, row.position) in dead
            count.expected += wanted.digest is not None
            kind = classify(found, wanted, before, refused, self._now_ms)
            if kind is None:
                count.equal += wanted.digest is not None
            elif found is None or not self._is_beyond(row, found):
                held_position = None if found is None else found.position
                yield Difference(name, kind, identity, row.partition, row.position, held_position)
        yield from self._not_in_log(name, held)

    def _not_in_log(self, name: str, held: dict[Identity, tuple[Found, int | None]]) -> Iterator[Difference]:
        for identity, (found, partition) in held.items():
            if self._scope.is_older(partition, found.position):
                kind = Kind.OLDER
            elif self._scope.is_outside(partition, found.position):
                continue
            else:
                kind = Kind.EXTRA
            yield Difference(name, kind, identity, partition, None, found.position)

    def _is_beyond(self, row: _Row, found: Found) -> bool:
        """Whether the store's decision is a newer one from a part of the log that was not asked for."""
        return found.position > row.position and self._scope.is_outside(row.partition, found.position)

    def _held(self, sink: int, bucket: str) -> dict[Identity, tuple[Found, int | None]]:
        held: dict[Identity, tuple[Found, int | None]] = {}
        for user_id, event_id, position, digest, partition in spill.rows(self._plan.store_rows(sink), bucket):
            other = held.get((user_id, event_id))
            if other is None or position >= other[0].position:
                held[user_id, event_id] = Found(position, digest), partition
        return held
