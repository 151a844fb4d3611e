"""Lays log and stores side by side, one bucket of events at a time, and says where they differ.

Digests decide here; what looks like a fault is only a suspect until `examine` has looked at it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from fraudctl.verify import examine, spill
from fraudctl.verify.classes import FAULTS, Difference, Found, Kind, Wanted, classify
from fraudctl.verify.log import Offsets
from fraudctl.verify.scan import Plan
from pipeline.records.decision_record import Identity
from pipeline.records.position import offset_of


@dataclass(frozen=True)
class Scope:
    """Which part of the log counts. `committed` is per sink, in the plan's order, from before the scan."""

    begins: Offsets
    starts: Offsets
    ends: Offsets | None
    committed: tuple[Offsets, ...]

    @cached_property
    def committed_by_all(self) -> Offsets:
        partitions = set[int]().union(*self.committed)
        return {p: min(offsets.get(p, 0) for offsets in self.committed) for p in partitions}

    def holds(self, partition: int, position: int) -> bool:
        """Whether a decision lies in the part that was asked for."""
        return self.ends is None or offset_of(position) < self.ends.get(partition, 0)

    def is_common(self, partition: int, position: int) -> bool:
        """Whether it is delivered to every sink."""
        return offset_of(position) < self.committed_by_all.get(partition, 0)

    def is_delivered(self, sink: int, partition: int, position: int) -> bool:
        return offset_of(position) < self.committed[sink].get(partition, 0)

    def is_older(self, partition: int | None, position: int) -> bool:
        """Whether it may have been in the log once: below its partition's begin, or any one's if unknown."""
        begins = self.begins.values() if partition is None else [self.begins.get(partition, 0)]
        return position >= 0 and offset_of(position) < max(begins, default=0)

    def is_outside(self, partition: int | None, position: int) -> bool:
        """Whether it may belong to a part of the log that was not asked for."""
        offset = offset_of(position)
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

    def is_as(self, found: Found, sink: int) -> bool:
        """Whether the store holds just that."""
        return found.position == self.position and found.digest == self.digests[sink]


@dataclass(slots=True)
class Count:
    """What was compared for one sink."""

    held: int = 0
    expected: int = 0
    equal: int = 0

    def __iadd__(self, other: Count) -> Count:
        self.held += other.held
        self.expected += other.expected
        self.equal += other.equal
        return self


@dataclass(frozen=True, slots=True)
class Compared:
    """What a part of the buckets came to: decisions, and what was counted for each sink."""

    decisions: int
    counts: tuple[Count, ...]


def compare(
    plan: Plan, scope: Scope, now_ms: int, numbers: range, writer: str, tell: Callable[[int], None]
) -> Compared:
    """A task: go through the buckets of these numbers. What looks like a fault goes to the plan's suspects,
    what has a reason to its explained ones."""
    comparison = Comparison(plan, scope, now_ms)
    with spill.Spill(plan.suspects(), writer) as faults, spill.Spill(plan.explained(), writer) as others:
        for number in numbers:
            for sink, difference in comparison.differences(format(number, "05d")):
                if difference.kind in FAULTS:
                    one = examine.suspect(sink, difference)
                    faults.add(one.bucket, tuple(one))
                else:
                    others.add("all", row_of(difference))
            tell(1)
    return Compared(comparison.decisions, tuple(comparison.counts))


class Comparison:
    """Compares bucket by bucket; `counts` (one per sink) and `decisions` hold what was seen so far."""

    def __init__(self, plan: Plan, scope: Scope, now_ms: int) -> None:
        self._plan = plan
        self._scope = scope
        self._now_ms = now_ms
        self.counts = [Count() for _ in plan.sinks]
        self.decisions = 0

    def differences(self, bucket: str) -> Iterator[tuple[int, Difference]]:
        """Every difference of a bucket with the place of its sink, those with a reason included."""
        newest, delivered = self._fold(bucket)
        self.decisions += len(newest)
        for sink in range(len(self._plan.sinks)):
            for difference in self._differ(sink, bucket, newest, delivered[sink]):
                yield sink, difference

    def _fold(self, bucket: str) -> tuple[Mapping[Identity, _Row], list[Mapping[Identity, _Row]]]:
        """Per event the newest decision, and per sink the newest one that is delivered."""
        common: dict[Identity, _Row] = {}
        late: list[_Row] = []  # not delivered to every sink: none or few
        for raw in spill.rows(self._plan.log_rows(), bucket):
            row = _Row._make(raw)
            if self._scope.is_common(row.partition, row.position):
                _take(common, row)
            else:
                late.append(row)
        if not late:
            return common, [common] * len(self._plan.sinks)
        newest = dict(common)
        for row in late:
            _take(newest, row)
        return newest, [self._delivered(sink, common, late) for sink in range(len(self._plan.sinks))]

    def _delivered(
        self, sink: int, common: Mapping[Identity, _Row], late: Sequence[_Row]
    ) -> Mapping[Identity, _Row]:
        more = [row for row in late if self._scope.is_delivered(sink, row.partition, row.position)]
        if not more:
            return common
        found = dict(common)
        for row in more:
            _take(found, row)
        return found

    def _differ(
        self, sink: int, bucket: str, newest: Mapping[Identity, _Row], delivered: Mapping[Identity, _Row]
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
            if committed is row and found is not None and row.is_as(found, sink):
                count.expected += 1
                count.equal += 1
                continue
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


def row_of(difference: Difference) -> tuple[Any, ...]:
    """A difference without fields in its spilled form."""
    one = difference
    return one.sink, one.kind.value, *one.identity, one.partition, one.log_position, one.held_position


def difference_of(row: tuple[Any, ...]) -> Difference:
    """What `row_of` was made of."""
    sink, kind, user_id, event_id, *places = row
    return Difference(sink, Kind(kind), (user_id, event_id), *places)


def _take(into: dict[Identity, _Row], row: _Row) -> None:
    """Keep the newest of each event."""
    identity = row.user_id, row.event_id
    known = into.get(identity)
    if known is None or row.position > known.position:
        into[identity] = row
