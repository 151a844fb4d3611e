"""The floor of a capacity run: one process reads the topic and writes every record on, unread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraudctl.bench.load import QUIET_S, Worker, Workload, send
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.kafka import admin, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


SPEED_EVENTS: Final = 100_000
"""of about 230 bytes"""


@dataclass(frozen=True, slots=True)
class Floor:
    """Records a second, and the processor time of that process for one."""

    per_second: float
    cpu_us_per_event: float


def passed(stack: Stack, topic: str, events: int, progress: Progress) -> Floor:
    """The floor over a topic that holds so many events. Raises Failed when they do not all pass."""
    copy = f"{topic}.floor"
    progress.update(0, "passing the same events without looking at them")
    admin.create(stack.kafka, [wanted.spec(stack.profile, copy, stack.profile.partitions)])
    worker = Worker(pass_on, stack.kafka, topic, admin.begin_offsets(stack.kafka, topic), copy, events)
    try:
        found: Floor = worker.result()
    finally:
        worker.close()
        admin.delete(stack.kafka, [copy])
    return found


def pass_on(kafka: Kafka, topic: str, start: Mapping[int, int], copy: str, events: int) -> Floor:
    """Reads and writes in this process, from the first record on. Raises Failed."""
    sender, count = Sender(kafka, linger_ms=20), 0
    began, began_cpu, heard = time.monotonic(), time.process_time(), time.monotonic()
    with Tail(kafka, topic, start, gather_ms=20) as reader:
        while count < events and time.monotonic() - heard < QUIET_S:
            for value in reader.values(0.1):
                sender.send(copy, value)
                count += 1
                heard = time.monotonic()
    left = sender.flush()
    took_s, cpu_s = time.monotonic() - began, time.process_time() - began_cpu
    if count < events or left or sender.failed:
        raise Failed(f"only {count - left - sender.failed:,} of {events:,} events passed", code="bench_floor")
    return Floor(round(count / took_s, 1), round(cpu_s * 1e6 / count, 2))


def kafka_speed(stack: Stack, seed: int, progress: Progress) -> float:
    """Records a second that one process reads and writes on, of as many as are always the same."""
    token = f"s{clock.now_ms():x}"
    topic = f"bench.{token}.speed"
    admin.create(stack.kafka, [wanted.spec(stack.profile, topic, stack.profile.partitions)])
    worker = Worker(send, stack.kafka, topic, Workload(token, seed, 0, 1_000.0), SPEED_EVENTS, 0)
    try:
        worker.result(lambda: progress.update(0, "how fast this machine is"))
        return passed(stack, topic, SPEED_EVENTS, progress).per_second
    finally:
        worker.close()
        admin.delete(stack.kafka, [topic])
