"""`bench --rate R --duration D`: latency at a steady rate, open loop, beside the floor of a bare round trip.

Every event has a scheduled time; its latency is the time from there to the arrival of its decision at a
consumer, so a stall anywhere shows in every event that waited. The floor is measured just before, at the
same rate with the same events, sender and receiver, on a topic of its own that nothing but they touch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from fraudctl import engines
from fraudctl.bench import spent
from fraudctl.bench.answers import RecoveryDocument, Steady
from fraudctl.bench.conditions import distribution, surroundings
from fraudctl.bench.load import NANO, Received, Sent, Worker, Workload, numbers_of, receive, send
from fraudctl.bench.sustained import highest, judge
from fraudctl.bench.undecided import NOBODY, Undecided, look_up
from fraudctl.console.progress import Progress
from fraudctl.engines import taskmanagers
from fraudctl.errors import NotRunning
from fraudctl.jobs.live import status
from fraudctl.jobs.submission import job_config
from fraudctl.kafka import admin, wanted
from pipeline.records import clock
from pipeline.records.names import writer_group

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.jobs.live_answers import LiveStatus

HEAD_START_S = 3.0
"""Sender and receiver are up and connected before the first event is due."""
CATCH_UP_S = 120.0
TRIAL_S, TRIAL_WARMUP_S = 15.0, 5.0
"""How long one rate is tried on the way to the highest."""
START_RATE = 1_000.0
BEHIND_MS = 1_000
"""A decision that comes later than this after its event was due shows that the job is still catching up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`warmup_s` is sent before the measured time and counted in everything but the latencies."""

    rate: float
    duration_s: float
    warmup_s: float
    floor_s: float
    seed: int
    kill: bool = False
    """Kill a TaskManager that works hard when a third of the measured time is over."""

    def events(self, seconds: float) -> int:
        return max(1, round(self.rate * seconds))


@dataclass(frozen=True, slots=True)
class Passage:
    """One stream of events through the broker: what was sent and what came back."""

    sent: Sent
    received: Received
    undecided: Undecided
    start_ns: int
    rate: float

    def latencies_ms(self, skipped: int) -> list[float]:
        """Of all events that arrived but the first `skipped` ones, in the order in which they were due."""
        gap_ns = NANO / self.rate
        measured = enumerate(self.received.arrivals_ns[skipped:], skipped)
        return [(at - self.start_ns - int(n * gap_ns)) / 1e6 for n, at in measured if at]

    @property
    def is_whole(self) -> bool:
        """Whether everything was sent and came back."""
        return not (self.sent.failed or self.undecided.lost or self.undecided.waiting)

    @property
    def events_per_second(self) -> float:
        last_ns = max(self.received.arrivals_ns, default=0)
        return round(self.received.distinct / max((last_ns - self.start_ns) / NANO, 0.001), 1)


def run(stack: Stack, plan: Plan, progress: Progress, speed: Mapping[str, float] | None = None) -> Steady:
    """The figures of one run, as the command prints them in JSON.

    `good` is false when an event was lost or waits, and when the rate was not sustained; after a kill,
    `recovery` says how the job caught up instead.
    """
    shown = _running(stack)
    token = f"b{clock.now_ms():x}"
    floor = _floor(stack, plan, token, progress)
    names = stack.profile.topics
    count = plan.events(plan.warmup_s + plan.duration_s)
    blow = Blow(stack, plan.warmup_s + plan.duration_s / 3) if plan.kill else None
    before = spent.read_all(stack)
    main = _pass(stack, plan, token, count, (names.transactions, names.decisions), progress, blow)
    cost, ended = spent.per_event(before, spent.read_all(stack), count), time.monotonic()
    lag = sink_lag(stack)
    caught_up_s = _catch_up(stack, ended, progress)
    received = main.received
    waits = main.latencies_ms(plan.events(plan.warmup_s) if plan.warmup_s else 0)
    verdict = judge(waits, plan.rate, {sink: caught_up_s.get(sink) for sink in lag})
    return {
        "good": main.is_whole and (plan.kill or verdict.sustained),
        "sustained": None if plan.kill else verdict.sustained,
        "not_sustained_because": "" if plan.kill else verdict.reason,
        "rate": plan.rate,
        "duration_s": plan.duration_s,
        "warmup_s": plan.warmup_s,
        "sent": main.sent.acknowledged,
        "decided": received.distinct,
        "lost": main.undecided.lost,
        "waiting": main.undecided.waiting,
        "duplicates": received.records - received.distinct,
        "late": received.late,
        "events_per_second": main.events_per_second,
        "latency_ms": asdict(distribution(waits)),
        "floor_ms": asdict(distribution(floor.latencies_ms(0))),
        "cpu_us_per_event": cost,
        "recovery": recovery(main, blow.struck_ns).as_document() if blow and blow.struck_ns else None,
        "out_of_orderness_ms": stack.profile.pipeline.out_of_orderness_ms,
        "sender_slip_ms": main.sent.slip_ms,
        "sinks": {sink: {"lag_at_end": lag[sink], "caught_up_s": caught_up_s.get(sink)} for sink in lag},
        "parallelism": shown["parallelism"],
        "seed": plan.seed,
        **surroundings(stack, job_config(stack, 0), speed),
    }


def highest_sustained(stack: Stack, seed: int, progress: Progress) -> float:
    """The highest rate that a short run sustains, to within a tenth; events a second."""
    _running(stack)
    return highest(lambda rate: _bears(stack, rate, seed, progress), START_RATE)


def _bears(stack: Stack, rate: float, seed: int, progress: Progress) -> bool:
    plan = Plan(rate, TRIAL_S, TRIAL_WARMUP_S, 0.0, seed)
    names, count = stack.profile.topics, plan.events(TRIAL_S + TRIAL_WARMUP_S)
    progress.update(0, f"trying {rate:,.0f} a second")
    token = f"b{clock.now_ms():x}"
    passed = _pass(stack, plan, token, count, (names.transactions, names.decisions), progress)
    caught_up_s = _catch_up(stack, time.monotonic(), progress)
    waits = passed.latencies_ms(plan.events(TRIAL_WARMUP_S))
    verdict = judge(waits, rate, {sink: caught_up_s.get(sink) for sink in stack.profile.sinks})
    return verdict.sustained and passed.received.distinct == count


def _running(stack: Stack) -> LiveStatus:
    """The state of the live job. Raises NotRunning."""
    shown = status(stack)
    if not (shown["flink"] and shown["flink"]["all_tasks_running"]):
        raise NotRunning(
            "the live job does not run", hint="look at it: fraudctl job status; fraudctl job submit"
        )
    return shown


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a kill did, in seconds from it. `caught_up_s` is None when the traffic ended before that."""

    killed_after_s: float
    silent_until_s: float
    """End of the longest time without a decision on a further event; repeats do not count."""
    caught_up_s: float | None
    """Arrival of the last decision that came more than `BEHIND_MS` after its event was due."""

    def as_document(self) -> RecoveryDocument:
        return {
            "killed_after_s": self.killed_after_s,
            "silent_until_s": self.silent_until_s,
            "caught_up_s": self.caught_up_s,
        }


def recovery(passage: Passage, struck_ns: int) -> Recovery:
    """How a stream went on after something was killed at that time."""
    gap_ns = NANO / passage.rate
    arrivals = passage.received.arrivals_ns
    after = sorted([struck_ns, *(at for at in arrivals if at > struck_ns)])
    until_ns = max(pairwise(after), key=lambda gap: gap[1] - gap[0], default=(0, struck_ns))[1]
    behind = [
        (at, number)
        for number, at in enumerate(arrivals)
        if at > struck_ns and at - passage.start_ns - number * gap_ns > BEHIND_MS * 1e6
    ]
    last_ns, last = max(behind, default=(until_ns, 0))
    return Recovery(
        killed_after_s=_seconds(struck_ns - passage.start_ns),
        silent_until_s=_seconds(until_ns - struck_ns),
        caught_up_s=_seconds(last_ns - struck_ns) if last < len(arrivals) - 1 else None,
    )


def _seconds(ns: int) -> float:
    return round(ns / NANO, 2)


class Blow:
    """One hard kill of a TaskManager that works, dealt at its time; `struck_ns` is when that was."""

    def __init__(self, stack: Stack, after_s: float) -> None:
        taskmanagers.running(stack)
        self._stack = stack
        self._after_s = after_s
        self.struck_ns = 0

    def deal(self, start_ns: int) -> None:
        """Kill it if it is time and has not been done; `start_ns` is when the first event was due."""
        if not self.struck_ns and time.time_ns() > start_ns + self._after_s * NANO:
            doomed = taskmanagers.at_work(self._stack)
            self.struck_ns = time.time_ns()
            engines.of(self._stack).kill(self._stack, doomed)


def sink_lag(stack: Stack) -> dict[str, int]:
    """Decisions that each sink has not committed yet."""
    decisions = stack.profile.topics.decisions
    return {
        sink: sum(admin.lag(stack.kafka, writer_group(sink), decisions).values())
        for sink in stack.profile.sinks
    }


def _floor(stack: Stack, plan: Plan, token: str, progress: Progress) -> Passage:
    topic = f"bench.{token}.floor"
    admin.create(stack.kafka, [wanted.spec(stack.profile, topic, stack.profile.partitions)])
    try:
        return _pass(stack, plan, token, plan.events(plan.floor_s), (topic, topic), progress)
    finally:
        admin.delete(stack.kafka, [topic])


def _pass(
    stack: Stack,
    plan: Plan,
    token: str,
    count: int,
    between: tuple[str, str],
    progress: Progress,
    blow: Blow | None = None,
) -> Passage:
    to, back = between
    start_ns = time.time_ns() + int(HEAD_START_S * NANO)
    ends = admin.end_offsets(stack.kafka, back)
    begins = admin.end_offsets(stack.kafka, to)
    workload = Workload(
        token, plan.seed, start_ns // 1_000_000, plan.rate, hot_addresses=False, own=numbers_of(token)
    )
    receiver = Worker(receive, stack.kafka, back, ends, token.encode(), count)
    sender = Worker(send, stack.kafka, to, workload, count, start_ns, stack.profile.partition_by)
    try:
        show = _ticking(progress, start_ns, plan.rate, count, blow)
        sent = sender.result(show)
        received = receiver.result(show)
    finally:
        sender.close()
        receiver.close()
    missing = NOBODY
    if received.distinct < sent.acknowledged:
        missing = look_up(stack.kafka, to, begins, token.encode(), received.arrivals_ns)
    return Passage(sent, received, missing, start_ns, plan.rate)


def _ticking(
    progress: Progress, start_ns: int, rate: float, count: int, blow: Blow | None
) -> Callable[[], None]:
    def show() -> None:
        if blow:
            blow.deal(start_ns)
        due = max(0.0, (time.time_ns() - start_ns) / NANO * rate)
        progress.update(min(due, count), f"{min(int(due), count):,} of {count:,} events due")

    return show


def _catch_up(stack: Stack, ended: float, progress: Progress) -> Mapping[str, float]:
    """Seconds after the last decision until each sink had committed everything; absent if it did not."""
    done: dict[str, float] = {}
    while len(done) < len(stack.profile.sinks) and time.monotonic() - ended < CATCH_UP_S:
        for sink, behind in sink_lag(stack).items():
            if behind == 0:
                done.setdefault(sink, round(time.monotonic() - ended, 1))
            else:
                progress.update(0, f"{sink} is {behind:,} behind")
    return done
