"""What a replay is going to read, compare and cost, before anything is started.

Windows must be warm at `--from`, so reading begins earlier. Compared are only *settled* events: those that no
record appended later can come before. The newest positions at the end of each partition say up to where that
is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraudctl.errors import UsageError
from fraudctl.jobs import warm_up
from fraudctl.kafka import admin, frames, tail
from pipeline.records.events import decode
from pipeline.records.quantities import Refusal
from pipeline.scoring.order import Record, control_pos

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.rules.ruleset import RuleSet

EVENTS_A_SECOND: Final = 33_000
START_S: Final = 15
"""What a job takes to be submitted and started; both only for the estimate in the plan."""
TAIL_RECORDS: Final = 200
"""Records at the end of a partition in which its newest position is looked for."""


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets of one partition: read from `start`, compare from `first` up to before `last`; log to `end`."""

    start: int
    first: int
    last: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay is going to do. `look_back_ms` None: windows are warmed from the start of the log."""

    ruleset: RuleSet
    parallelism: int
    transactions: str
    ranges: Mapping[int, Range]
    look_back_ms: int | None
    from_ms: int | None
    jobs: int = 1

    @property
    def reads(self) -> int:
        """Records that each job reads."""
        return sum(one.end - one.start for one in self.ranges.values())

    @property
    def compares(self) -> int:
        """Records (control records included) in the compared range."""
        return sum(max(0, one.last - one.first) for one in self.ranges.values())

    @property
    def estimate_s(self) -> float:
        return self.jobs * (START_S + self.reads / EVENTS_A_SECOND)

    def includes(self, partition: int, offset: int) -> bool:
        """Whether the event at that place is compared."""
        one = self.ranges.get(partition)
        return one is not None and one.first <= offset < one.last

    def as_document(self) -> dict[str, object]:
        """The plan in JSON."""
        return {
            "ruleset_version": self.ruleset.version,
            "ruleset_hash": self.ruleset.hash,
            "topic": self.transactions,
            "offsets": {
                str(partition): {"start": one.start, "first": one.first, "last": one.last, "end": one.end}
                for partition, one in sorted(self.ranges.items())
            },
            "reads": self.reads,
            "compares": self.compares,
            "warm_up": self.reads - self.compares,
            "look_back_ms": self.look_back_ms,
            "jobs": self.jobs,
            "parallelism": self.parallelism,
            "estimate_s": round(self.estimate_s, 1),
        }


def plan(
    stack: Stack,
    ruleset: RuleSet,
    from_ms: int | None = None,
    to_ms: int | None = None,
    base: str | None = None,
    parallelism: int | None = None,
) -> Plan:
    """Offsets and amounts of work. UsageError when there is nothing between the two times."""
    topic = stack.profile.topics.transactions
    begin, end = admin.begin_offsets(stack.kafka, topic), admin.end_offsets(stack.kafka, topic)
    ooo = stack.profile.pipeline.out_of_orderness_ms
    first = begin if from_ms is None else admin.offsets_at(stack.kafka, topic, from_ms)
    warm = warm_up.before(stack, ruleset.features.values(), from_ms)
    start, back = warm.start, warm.back_ms
    last = _settled(stack, topic, begin, end, ooo)
    if to_ms is not None:
        until = admin.offsets_at(stack.kafka, topic, to_ms)
        last = {partition: min(last[partition], until[partition]) for partition in last}
    ranges = {p: Range(start[p], first[p], max(first[p], last[p]), end[p]) for p in end}
    subtasks = parallelism or stack.profile.pipeline.parallelism
    made = Plan(ruleset, subtasks, topic, ranges, back, from_ms, 1 if is_logged(base) else 2)
    if made.compares == 0:
        raise UsageError("there is no event in that range", hint="choose another --from or --to")
    return made


def is_logged(base: str | None) -> bool:
    """Whether the base is decisions that stand in the log already (or there is none)."""
    return base is None or base == "live" or run_number_of(base) is not None


def run_number_of(base: str) -> int | None:
    """The run that `run:N` names."""
    prefix, _, number = base.partition(":")
    return int(number) if prefix == "run" and number.isdigit() else None


def _settled(
    stack: Stack, topic: str, begin: Mapping[int, int], end: Mapping[int, int], ooo: int
) -> dict[int, int]:
    """Per partition the offset up to which no later record can come before an event.

    A record yet to come to partition p is due no earlier than newest(p) - ooo. An event appended before
    the least of these is due before it. Partitions without records hold nothing back here.
    """
    newest = _newest(stack, topic, begin, end)
    if not newest:
        return dict(end)
    before = admin.offsets_at(stack.kafka, topic, min(newest.values()) - ooo)
    return {partition: min(offset, before[partition]) for partition, offset in end.items()}


def _newest(stack: Stack, topic: str, begin: Mapping[int, int], end: Mapping[int, int]) -> dict[int, int]:
    """The newest position of each partition, as far as its last records tell."""
    start = {p: max(begin[p], end[p] - TAIL_RECORDS) for p in end}
    newest: dict[int, int] = {}
    json_of = frames.reader(stack.profile)
    for record in tail.records(stack.kafka, topic, start):
        if record.offset >= end[record.partition]:
            continue
        pos = _pos(record, json_of)
        if pos is None:
            continue
        newest[record.partition] = max(pos, newest.get(record.partition, pos))
    return newest


def _pos(record: tail.Record, json_of: Callable[[bytes], bytes]) -> int | None:
    """Where a record takes its partition; None of one that takes it nowhere."""
    place = record.partition, record.offset, record.append_ms
    if record.value is None:
        return control_pos(Record(*place, None, record.headers))
    try:
        return min(record.append_ms, decode(json_of(record.value)).event_time_ms)
    except Refusal:
        return None
