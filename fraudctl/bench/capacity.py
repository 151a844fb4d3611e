"""`bench --capacity --events N`: how fast the whole job is over a backlog, and whether it is right.

The topic is filled first, with event times at 500 events a second, so windows expire many times over. A
bounded job of its own then reads it and writes decisions to a topic of its own; checkpoints go on inside.
It does so twice, since a young TaskManager is busy compiling for its first minutes: the first job's rate is
given beside the second's, which is the figure. Timed is from the moment when all tasks of the job run, as
Flink's REST interface shows it, to the append time of the last decision. A part of the decisions is then
compared byte by byte with the reference engine: all that are due before the first event not given to it,
which makes their values exact. The floor beside it is what one process does that reads the same topic and
writes every record to another, unread.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fraudctl.bench.answers import Capacity, Passed
from fraudctl.bench.compared import SAMPLE, Comparison, compare
from fraudctl.bench.conditions import UNWELL, surroundings
from fraudctl.bench.floor import passed
from fraudctl.bench.load import Traffic, Worker, Workload, number_of, numbers_of, send
from fraudctl.bench.processor import Sampler
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.flink.rest import Flink
from fraudctl.jobs import bounded, reasons, states
from fraudctl.jobs.submission import job_config, submit
from fraudctl.kafka import admin, tail, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.waiting import every
from pipeline.records import clock as wall_clock
from pipeline.scoring.job_config import JobConfig, JobTopics

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

EVENT_RATE = 500.0
FIRST_MS = 1_767_225_600_000
"""2026-01-01T00:00Z, the event time of the first event: fixed, so a seed always gives the same log."""
CHECKPOINT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions topic of the run: values of the sampled events by number, counts, append times."""

    values: Mapping[int, bytes]
    distinct: int
    records: int
    late: int
    appended: Counter[int]
    """Decisions by the millisecond in which the broker appended them."""

    @property
    def last_append_ms(self) -> int:
        return max(self.appended, default=0)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a job was submitted, ran and ended (epoch ms), and how many checkpoints it made and missed."""

    submitted_ms: int
    running_ms: int
    ended_ms: int
    completed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events, by which seed, and which share of them is one merchant's."""

    events: int
    seed: int
    hot_merchant: float = 0.0


def run(
    stack: Stack,
    backlog: Backlog,
    keep: bool,
    wait_s: float,
    progress: Progress,
    speed: Mapping[str, float] | None = None,
) -> Capacity:
    """The figures of one run. `good` is false when an event was lost or differs from the reference."""
    events = backlog.events
    token = f"c{wall_clock.now_ms():x}"
    workload = Workload(
        token,
        backlog.seed,
        FIRST_MS,
        EVENT_RATE,
        stragglers=True,
        own=numbers_of(token),
        hot_merchant=backlog.hot_merchant,
    )
    with bounded_job(stack, token, keep) as config:
        names = config.topics
        fill_s = fill(stack, names.transactions, workload, events, progress)
        first_job = _first_job(stack, config, events, wait_s, progress)
        with Sampler(stack, names.decisions) as sampler:
            timing = time_job(stack, config, wait_s, progress)
        decided = _read(stack, names.decisions, token.encode(), events, progress)
        differing = compare(stack, names.transactions, workload, events, decided.values, progress)
        floor = passed(stack, names.transactions, events, progress)
    return {
        **_report(events, decided, timing, differing),
        "fill_s": fill_s,
        "first_job_per_second": first_job,
        "cpu_us_per_event": sampler.cpu_us_per_event(events // 10),
        "floor_per_second": floor.per_second,
        "floor_cpu_us_per_event": floor.cpu_us_per_event,
        "seed": backlog.seed,
        "hot_merchant": backlog.hot_merchant,
        "parallelism": config.parallelism,
        "kept_topics": sorted(names.as_document().values()) if keep else [],
        **surroundings(stack, config, speed),
    }


@contextmanager
def bounded_job(stack: Stack, token: str, keep: bool, **changes: Any) -> Iterator[JobConfig]:
    """The configuration of a job over topics of its own, made for it; deleted behind it unless `keep`."""
    names = _topics(stack, token)
    own = job_config(
        stack,
        1,
        name=f"fraudctl-bench-{token}",
        group=f"fraudctl-bench-{token}",
        topics=names,
        time="event",
        bounded=True,
        checkpoints=states.of(stack).folder("checkpoints", f"bench-{token}"),
        checkpoint_interval_ms=CHECKPOINT_MS,
    )
    config = replace(own, **changes)
    try:
        yield config
    finally:
        if not keep:
            admin.delete(stack.kafka, list(names.as_document().values()))
            states.of(stack).delete([config.checkpoints])


def second_half_per_second(appended: Mapping[int, int]) -> float:
    """The rate once the job's code is compiled: that of the second half of the decisions."""
    left = whole = sum(appended.values())
    times = sorted(appended)
    for at in times:
        left -= appended[at]
        if 2 * left <= whole:
            return round(left * 1000 / max(1, times[-1] - at), 1)
    return 0.0


def _first_job(stack: Stack, config: JobConfig, events: int, wait_s: float, progress: Progress) -> float:
    """Events a second of the same job when it may find none of its code compiled, to the job's end."""
    decisions = f"{config.topics.decisions}.first"
    admin.create(stack.kafka, [wanted.spec(stack.profile, decisions, stack.profile.partitions)])
    try:
        first = replace(config, topics=replace(config.topics, decisions=decisions))
        timing = time_job(stack, first, wait_s, progress)
    finally:
        admin.delete(stack.kafka, [decisions])
    took_ms = timing.ended_ms - timing.running_ms
    return round(events * 1000 / max(1, took_ms), 1)


def _topics(stack: Stack, token: str) -> JobTopics:
    names = [f"bench.{token}.{kind}" for kind in ("transactions", "decisions", "refusals")]
    parts = stack.profile.partitions
    admin.create(stack.kafka, [wanted.spec(stack.profile, name, parts) for name in names])
    return JobTopics(*names)


def fill(stack: Stack, topic: str, workload: Traffic, events: int, progress: Progress) -> float:
    """Writes the events and closes the topic; the seconds that took."""
    started = time.monotonic()
    sender = Worker(send, stack.kafka, topic, workload, events, 0, stack.profile.partition_by)
    sent = sender.result(lambda: progress.update(_total(stack, topic), "filling the topic"))
    if sent.failed:
        raise Failed(f"{sent.failed} events could not be written", hint=UNWELL, code="bench_fill")
    closing = Sender(stack.kafka)
    last_ms = str(workload.time_ms(events - 1)).encode()
    for partition in range(stack.profile.partitions):
        closing.send(topic, None, headers={"close": last_ms}, partition=partition)
    if closing.flush() or closing.failed:
        raise Failed("the end of the topic could not be written", hint=UNWELL, code="bench_fill")
    return round(time.monotonic() - started, 1)


def _total(stack: Stack, topic: str) -> int:
    return sum(admin.end_offsets(stack.kafka, topic).values())


def time_job(stack: Stack, config: JobConfig, wait_s: float, progress: Progress) -> Timing:
    """Runs the job to its end."""
    flink = Flink(stack.flink)
    submitted_ms = wall_clock.now_ms()
    progress.update(0, "submitting the job")
    job_id = submit(stack, config)
    try:
        running_ms = _await_tasks(flink, job_id)
        job = bounded.await_end(flink, job_id, wait_s, progress)
        ended_ms = wall_clock.now_ms()
    except BaseException:
        flink.cancel(job_id)
        raise
    if job.state != "FINISHED":
        raise Failed(reasons.ended(flink, stack.kafka, job), hint=UNWELL, code="job_failed")
    counts = flink.checkpoints(job_id)
    return Timing(submitted_ms, running_ms, ended_ms, counts.completed, counts.failed)


def _await_tasks(flink: Flink, job_id: str) -> int:
    for _ in every(0.02):
        detail = flink.job(job_id)
        if detail.running or detail.job.ended:
            break
    return wall_clock.now_ms()


def _read(stack: Stack, topic: str, token: bytes, events: int, progress: Progress) -> Decided:
    seen, values = bytearray(events), dict[int, bytes]()
    records = late = 0
    appended: Counter[int] = Counter()
    for record in tail.records(stack.kafka, topic):
        number = number_of(record.value or b"", token)
        if number is None or record.value is None:
            continue
        records += 1
        if not seen[number]:
            seen[number] = 1
            late += b',"late":true,' in record.value
        if number < SAMPLE:
            values[number] = record.value
        appended[record.append_ms] += 1
        if records % 10_000 == 0:
            progress.update(records, "reading the decisions")
    return Decided(values, sum(seen), records, late, appended)


def _report(events: int, decided: Decided, timing: Timing, differing: Comparison) -> Passed:
    lost = events - decided.distinct
    whole_ms = max(1, decided.last_append_ms - timing.running_ms)
    return {
        "good": lost == 0 and differing.first_difference is None,
        "sent": events,
        "decided": decided.distinct,
        "lost": lost,
        "duplicates": decided.records - decided.distinct,
        "late": decided.late,
        "events_per_second": round(decided.distinct * 1000 / whole_ms, 1),
        "timed": "from all tasks running to the append time of the last decision",
        "timed_s": whole_ms / 1000,
        "submit_to_last_decision_s": (decided.last_append_ms - timing.submitted_ms) / 1000,
        "second_half_per_second": second_half_per_second(decided.appended),
        "checkpoints": {"completed": timing.completed, "failed": timing.failed},
        "reference": {"compared": differing.compared, "first_difference": differing.first_difference},
    }
