"""More partitions of the transactions topic, without losing a window: planned, done, verified.

Users move to other partitions, their windows do not: state is kept by key, wherever an event was read. The
order of processing (due, pos, append, partition, offset) holds over all partitions, so nothing has to be
drained either. Two things must be seen to, which is why the job is stopped meanwhile. It must not pass a due
that can still come from a partition it does not know: each new partition begins with a tick, written while
the job stands still, behind which nothing is due before what the job has passed. And positions of decisions,
of which the greater one holds in every store, begin anew in a new partition: a new run makes them greater.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, UsageError
from fraudctl.home import grown, jobs, undertakings
from fraudctl.home.grown import Grown
from fraudctl.home.undertakings import Undertaking
from fraudctl.jobs import live, run_numbers
from fraudctl.kafka import admin, growing, tail, wanted
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.waiting import until
from pipeline.records.events import decode
from pipeline.records.names import JOB_GROUP
from pipeline.records.quantities import Refusal

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.kafka.tail import Record

MOST: Final = 256
_TICK: Final = {"tick": b""}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: each topic with the partitions that it has and that it gets."""

    topic: str
    before: Mapping[str, int]
    after: int
    is_wanted: bool
    """whether the job is wanted to run, and so is stopped and started"""

    @property
    def new(self) -> range:
        """The partitions of transactions that come."""
        return range(self.before[self.topic], self.after)

    @property
    def growing(self) -> dict[str, int]:
        """Those that get more; the transactions last, so that each of theirs finds its like of decisions."""
        less = [topic for topic, count in self.before.items() if count < self.after]
        return dict.fromkeys(sorted(less, key=lambda topic: topic == self.topic), self.after)

    def steps(self) -> list[str]:
        """A sentence each."""
        stop, start = ["stop the job with a savepoint"], ["start the job from the savepoint, as a new run"]
        topics = [
            f"{topic}: {self.before[topic]} to {count} partitions" for topic, count in self.growing.items()
        ]
        ticks = [f"begin each new partition of {self.topic} with a tick"]
        seen = ["see that the job has read every partition"]
        return [
            *(stop if self.is_wanted else ()),
            *topics,
            *ticks,
            *((start + seen) if self.is_wanted else ()),
        ]

    def as_document(self) -> dict[str, object]:
        return {"before": self.before[self.topic], "after": self.after, "steps": self.steps()}


@dataclass(frozen=True, slots=True)
class Growth:
    """What came of it.

    `unsure` are events that reached a new partition before its tick and lie before what the job had passed: a
    replay may put them, and what they are counted with, into another order.
    """

    plan: Plan
    ticks: Mapping[int, int] = field(default_factory=dict)
    unsure: int = 0
    savepoint: str | None = None
    run: int | None = None

    def as_document(self) -> dict[str, object]:
        ticks = {str(partition): offset for partition, offset in sorted(self.ticks.items())}
        found = {"ticks": ticks, "unsure": self.unsure, "savepoint": self.savepoint, "run": self.run}
        return self.plan.as_document() | found


def plan(stack: Stack, count: int) -> Plan:
    """UsageError where there is nothing to grow; Failed where the broker would not do it."""
    topic = stack.profile.topics.transactions
    before = {
        one.name: admin.partitions_of(stack.kafka, one.name)
        for one in wanted.specs(stack.profile)
        if one.name != stack.profile.topics.rules
    }
    is_wanted = jobs.wanted_live(stack).wanted == "running"
    cut = undertakings.cut_off(stack.home)
    if cut is not None:
        is_wanted = is_wanted or cut.restarts_job
        before |= cut.before if cut.command == _command(count) else {}
    made = Plan(topic, before, count, is_wanted)
    if not before[topic] <= count <= MOST or not made.growing:
        raise UsageError(
            f"{topic} has {before[topic]} partitions, which can become more and not fewer",
            hint=f"choose {before[topic] + 1} to {MOST}",
            code="not_more",
        )
    growing.check(stack.kafka, made.growing)
    return made


def apply(
    stack: Stack, made: Plan, restart: Callable[[str], None], wait_s: float, progress: Progress
) -> Growth:
    """Do it; `restart` is told the programs that look at partitions once. Whoever was cut off on the way, or
    failed, does it again: what is done already is not done twice, and the job goes on.
    """
    again = Undertaking(_command(made.after), restarts_job=made.is_wanted, before=made.before)
    with undertakings.begun(stack.home, again):
        return _apply(stack, made, restart, wait_s, progress)


def _apply(
    stack: Stack, made: Plan, restart: Callable[[str], None], wait_s: float, progress: Progress
) -> Growth:
    found = Growth(made)
    if made.is_wanted:
        found = replace(found, savepoint=live.stop(stack, wait_s, progress)["savepoint"])
    newest = admin.newest_appends(stack.kafka, made.topic)
    passed_ms = max(newest.values(), default=0) - stack.profile.pipeline.out_of_orderness_ms
    if not _is_grown(stack, made):
        grown.keep(stack.home, Grown(made.after, run_numbers.newest(stack, stack.paths.jobs / "run")))
    progress.update(0, f"{made.after} partitions")
    growing.grow(stack.kafka, made.growing, wait_s)
    found = replace(found, ticks=_tick(stack, made) if _ticks(stack) else {})
    stack = replace(stack, profile=replace(stack.profile, partitions=made.after))
    stack.save()
    for program in ("ticker", "exporter"):
        restart(program)
    found = replace(found, unsure=sum(_is_early(one, passed_ms) for one in _before_ticks(stack, found)))
    if made.is_wanted:
        run = live.start(stack, wait_s, progress)["run"]
        _await_all_read(stack, made, wait_s, progress)
        found = replace(found, run=run)
    return found


def _is_grown(stack: Stack, made: Plan) -> bool:
    """Whether that was done by one who was cut off: the run from before it is then the one that he noted."""
    known = grown.read(stack.home)
    is_noted = known is not None and known.partitions == made.after
    return is_noted and admin.partitions_of(stack.kafka, made.topic) >= made.after


def _command(count: int) -> str:
    return f"fraudctl topics grow {count} --yes"


def _ticks(stack: Stack) -> bool:
    """Whether silence is put into the topic at all."""
    return stack.profile.pipeline.idle_after_ms == 0


def _tick(stack: Stack, made: Plan) -> dict[int, int]:
    """The offset of the tick in each new partition."""
    found: dict[int, int] = {}

    def delivered(sent: Sent) -> None:
        if sent.error is None:
            found[sent.partition] = sent.offset

    sender = Sender(stack.kafka, delivered, linger_ms=0)
    for partition in made.new:
        sender.send(made.topic, None, headers=_TICK, partition=partition)
    sender.flush()
    if missing := sorted(set(made.new) - found.keys()):
        raise Failed(
            f"no tick could be put into partition {missing[0]} of {made.topic}",
            hint="see that Kafka is well, then: fraudctl job submit",
        )
    return found


def _before_ticks(stack: Stack, found: Growth) -> Iterator[Record]:
    """What came into the new partitions before their ticks."""
    ends = {partition: offset for partition, offset in found.ticks.items() if offset}
    if ends:
        yield from tail.records(stack.kafka, found.plan.topic, dict.fromkeys(ends, 0), ends=ends)


def _is_early(record: Record, passed_ms: int) -> bool:
    """Whether an event lies before what the job had passed, as far as it can be read."""
    if record.value is None:
        return False
    try:
        return min(decode(record.value).event_time_ms, record.append_ms) < passed_ms
    except Refusal:
        return True


def _await_all_read(stack: Stack, made: Plan, wait_s: float, progress: Progress) -> None:
    """Until the job has committed a place in every partition, which it does with a checkpoint."""

    def all_read() -> bool:
        read = admin.committed(stack.kafka, JOB_GROUP, made.topic)
        progress.update(len(read), f"{len(read)} of {made.after} partitions are read")
        return len(read) >= made.after

    until(
        all_read,
        wait_s,
        lambda: Failed(
            f"the job has not read every partition of {made.topic} after {wait_s:.0f} s",
            hint="look at: fraudctl job status; fraudctl logs flink-taskmanager",
            code="not_read",
        ),
    )
