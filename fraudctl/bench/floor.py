"""The floor of a capacity run: one process reads the topic and writes every record on, unread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraudctl.bench.conditions import UNWELL
from fraudctl.bench.load import QUIET_S, Worker
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.kafka import admin, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from pipeline.connections.kafka.description import Kafka

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


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
        through = count - left - sender.failed
        raise Failed(f"only {through:,} of {events:,} events passed", hint=UNWELL, code="bench_floor")
    return Floor(round(count / took_s, 1), round(cpu_s * 1e6 / count, 2))
