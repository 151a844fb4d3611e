"""What it costs to bring past data in, step by step: labelled payments as CSV, half of them out of order.

The steps are those of `ingest --history`, up to a broker within this process, whose own work is left out. The
floor beside them is what a script of ten lines takes that sends the rows of the file as they stand.
"""

from __future__ import annotations

import csv
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from fraudctl.bench import spent
from fraudctl.files import order
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading
from fraudctl.kafka import stand_in
from fraudctl.kafka.sender import Sender
from fraudctl.traffic.ingest_report import Report
from fraudctl.traffic.sending import Route, good, parcel, sent
from pipeline.connections.kafka.description import Kafka
from pipeline.records.wire import MAX_EVENT_BYTES

READ, WRITTEN, ORDER, SEND, CLIENT = "read and check", "write with label", "order", "hand over", "client"
"""The steps: the last is what the client's own threads do."""
_ROWS, _LABELS = "rows", "labels"
_AT_ONCE = 1_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Brought:
    """Microseconds of processor time a row, by step and together, and those of the floor; `moved` rows had
    to be put into the order of time."""

    rows: int
    moved: int
    steps: dict[str, float]
    whole: float
    floor: float

    @property
    def ratio(self) -> float:
        """The whole in floors."""
        return round(self.whole / self.floor, 2)


def run(path: Path) -> Brought:
    """Bring the file in, and send its rows as they stand."""
    with stand_in.broker() as kafka:
        report, shares = Report(str(path), _ROWS), _Shares()
        for sending in sent(Route(kafka, _ROWS, _LABELS), _parcels(path, report, shares)):
            assert not sending.rows_failed + sending.labels_failed
        steps = shares.ended()
        floor_us = _floor(path, kafka)
    by_row = {name: round(seconds / report.rows * 1e6, 2) for name, seconds in steps.items()}
    return Brought(report.rows, report.order.moved, by_row, round(sum(by_row.values()), 1), floor_us)


def disordered(payments: Iterable[dict[str, object]], seed: int = 2) -> Iterator[dict[str, object]]:
    """The same payments, every second of them at the time of one that came before, by chance."""
    chance = random.Random(seed)
    times: list[object] = []
    for one in payments:
        times.append(one["event_time"])
        yield one | {"event_time": chance.choice(times)} if chance.random() < 0.5 else one


def _parcels(path: Path, report: Report, shares: _Shares) -> Iterator[tuple[int, bytes, bytes, bytes | None]]:
    rows = shares.within(READ, good(Reading(path, ReadOptions(), MAX_EVENT_BYTES), report))
    written = shares.within(WRITTEN, map(parcel, rows))
    yield from shares.within(ORDER, order.in_order(written))


def _floor(path: Path, kafka: Kafka) -> float:
    before, count = _used(), 0
    sender = Sender(kafka, linger_ms=50)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while some := list(islice(rows, _AT_ONCE)):
            count += len(some)
            keys = [one["user_id"].encode() for one in some]
            sender.send_all("plain", zip((json.dumps(one).encode() for one in some), keys, strict=True))
            labels = ({"event_id": one["event_id"], "label": one["label"]} for one in some)
            sender.send_all("plain", zip((json.dumps(one).encode() for one in labels), keys, strict=True))
    sender.finish()
    return round((_used() - before) / count * 1e6, 1)


class _Shares:
    """Parts the processor time of this thread among steps that pull their items from each other."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = defaultdict(float)
        self._step, self._since = SEND, time.thread_time()
        self._began, self._began_thread = _used(), self._since

    def within(self, step: str, items: Iterator[_T]) -> Iterator[_T]:
        """The same items; what it takes to get them counts for that step."""
        while True:
            asking = self._switch(step)
            some = list(islice(items, _AT_ONCE))
            self._switch(asking)
            if not some:
                return
            yield from some

    def ended(self) -> dict[str, float]:
        """Seconds by step; what other threads took is the client's."""
        self._switch(SEND)
        own = time.thread_time() - self._began_thread
        self._spent[CLIENT] = _used() - self._began - own
        return {step: self._spent[step] for step in (READ, WRITTEN, ORDER, SEND, CLIENT)}

    def _switch(self, step: str) -> str:
        now, before = time.thread_time(), self._step
        self._spent[before] += now - self._since
        self._step, self._since = step, now
        return before


def _used() -> float:
    """Processor seconds of this process, its broker left out."""
    return time.process_time() - spent.threads_s([os.getpid()]).get(stand_in.THREAD, 0.0)
