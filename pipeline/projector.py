"""Carries decisions from the log into one store: read a batch, write it, then commit its offsets.

Run as `python -m pipeline.projector --config FILE`, one process and consumer group per sink. Offsets
are committed only after the store (and, for refused decisions, the dead-letter topic) has
acknowledged, so a kill at any moment loses nothing; what is then repeated the sink recognises.
While the store is not available the partitions are paused and the group is still polled, so the
process keeps its place; so it does while an operator has paused it by a file. It knows nothing of
what a store is: see `pipeline.sinks`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline import sinks
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.gap import Gap
from pipeline.connections.tls import BadFile
from pipeline.metrics import SinkStatus, exposition
from pipeline.metrics.pulse import Pulse
from pipeline.process import configuration, logs
from pipeline.process.backoff import Backoff
from pipeline.process.dead_letters import NotAcknowledged
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.process.forgotten import Unknown
from pipeline.process.status_file import StatusFile
from pipeline.records.clock import now_ms
from pipeline.records.decision_record import Delivery
from pipeline.sinks import Outcome, Refused, Sink, Unavailable
from pipeline.sinks.ageing import Sweep

_COLLECT_EVERY = 200_000
"""Objects made between two looks for cycles. A batch of parsed decisions is many objects and no cycle: at
Python's usual 700, looking took half the time of parsing them."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a projector is started with; the fields of its JSON file."""

    sink: str
    kafka: Kafka
    decisions_topic: str
    dead_letter_topic: str
    group: str
    settings: Mapping[str, object]
    address: str
    secret_file: Path | None
    status_file: Path
    instance: str | None = None
    """tells this member from others of its group; with it a restarted one gets its partitions at once"""
    pause_file: Path | None = None
    """while this file is there, nothing is read; the place in the group and the offsets are kept"""
    forgotten_topic: str | None = None
    """where it stands who is forgotten; None for nobody"""
    metrics_port: int | None = None
    """where `/metrics` is answered, and probes are; None for nowhere"""
    metrics_host: str = exposition.HOST
    """on which address"""

    __pydantic_config__ = configuration.STRICT

    def __post_init__(self) -> None:
        """Raises ValueError for settings that the sink does not take."""
        sinks.settings_of(self.sink, self.settings)

    @classmethod
    def read(cls, path: Path) -> Config:
        """Raises BadConfiguration."""
        return configuration.read(cls, path)

    @property
    def membership(self) -> Membership:
        """Its place in the consumer group, and the topics."""
        topics = self.decisions_topic, self.dead_letter_topic
        return Membership(self.kafka, self.group, *topics, self.instance, self.forgotten_topic)

    @property
    def batch(self) -> int:
        """The most decisions in one write."""
        return self._pace.batch

    @property
    def gather_s(self) -> float:
        """How long a batch may gather before it is written, in seconds."""
        return self._pace.gather_ms / 1_000

    def is_paused(self) -> bool:
        """Whether someone has asked for a pause."""
        return self.pause_file is not None and self.pause_file.exists()

    @property
    def _pace(self) -> sinks.Pace:
        found: sinks.Pace = sinks.settings_of(self.sink, self.settings)
        return found


@dataclass(frozen=True, slots=True)
class Pace:
    """How a projector reads and waits."""

    batch: int = 2_000
    """the most decisions in one write"""
    gather_s: float = 0.05
    """how long a batch may gather before it is written"""
    backoff: Backoff = field(default_factory=Backoff)
    """the waits between two attempts"""
    is_paused: Callable[[], bool] = lambda: False
    """asked before each batch: whether someone wants nothing to be read"""


class Log(Protocol):
    """The decisions topic as a projector sees it. `DecisionsLog` is the real one."""

    def read(self, limit: int, wait_s: float) -> list[Delivery]:
        """Raises Gap, as `idle` does."""

    def owns(self, partition: int) -> bool: ...
    def commit(self, offsets: Mapping[int, int]) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def idle(self, wait_s: float) -> None: ...
    def remembered(self, batch: Sequence[Delivery]) -> list[Delivery]:
        """Raises Unknown."""

    def dead_letter(self, refused: Sequence[Refused]) -> None:
        """Raises NotAcknowledged."""

    def lag(self) -> int | None: ...


class Projector:
    """Moves batches from a log to a sink until told to stop."""

    def __init__(
        self,
        log: Log,
        sink: Sink,
        status: SinkStatus,
        report: Callable[[SinkStatus], None],
        pace: Pace | None = None,
    ) -> None:
        self._log = log
        self._sink = sink
        self._status = status
        self._report = report
        self._pace = pace or Pace()
        self._sweep = Sweep(sink, status, now_ms)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish the batch in hand, commit it and return from `run`. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self.step()
        self._report(self._status)

    def step(self) -> None:
        """Read at most one batch and see it through; sit out a pause that is asked for."""
        if self._pace.is_paused():
            self._sit_out()
        if self._stopping.is_set():
            return
        batch = self._log.read(self._pace.batch, self._pace.gather_s)
        if batch:
            self._deliver(batch)
        self._sweep.look()
        self._tell()

    def _deliver(self, batch: list[Delivery]) -> None:
        """Until the store has taken it, or the partitions are someone else's, or we stop."""
        while batch:
            try:
                self._write(batch)
                self._status.mend = None
                return
            except (Unavailable, NotAcknowledged, Unknown) as error:
                self._status.retried += 1
                self._status.last_error = str(error)
                self._status.mend = sinks.mend(self._status.sink, error)
            if self._stopping.is_set():
                return
            self._wait()
            # what another member now owns it reads again from our last commit
            batch = [delivery for delivery in batch if self._log.owns(delivery.partition)]

    def _write(self, batch: list[Delivery]) -> None:
        began = time.monotonic()
        # each attempt asks anew: a batch may have waited for its store while somebody was forgotten
        kept = self._log.remembered(batch)
        outcome = self._sink.write(kept) if kept else Outcome()
        if outcome.refused:
            self._log.dead_letter(outcome.refused)
            self._status.last_error = outcome.refused[-1].reason
        self._log.commit(_next_offsets(batch))
        self._pace.backoff.reset()
        self._status.written += outcome.written
        self._status.superseded += outcome.superseded
        self._status.dead_lettered += len(outcome.refused)
        self._measure(batch, time.monotonic() - began)

    def _measure(self, batch: Sequence[Delivery], took_s: float) -> None:
        """Many of a batch have the same append time, so each time is looked at once."""
        status, now = self._status, now_ms()
        status.batches += 1
        status.write_s += took_s
        appended = Counter(delivery.append_ms for delivery in batch)
        for append_ms, times in appended.items():
            status.delay.add((now - append_ms) / 1_000, times)
        status.newest_append_s = max(status.newest_append_s or 0.0, max(appended) / 1_000)

    def _wait(self) -> None:
        """Sit out one delay, paused, still polling the group."""
        self._status.paused = True
        self._log.pause()
        until = time.monotonic() + self._pace.backoff.next_s()
        while (left := until - time.monotonic()) > 0 and not self._stopping.is_set():
            self._log.idle(min(left, 0.2))
            self._tell()
        self._log.resume()
        self._status.paused = False

    def _sit_out(self) -> None:
        """Until the pause ends or we stop: still a member of the group, reading nothing."""
        self._status.suspended = True
        self._log.pause()
        while self._pace.is_paused() and not self._stopping.is_set():
            self._log.idle(0.2)
            self._tell()
        self._log.resume()
        self._status.suspended = False

    def _tell(self) -> None:
        self._status.lag = self._log.lag()
        self._report(self._status)


# Where processors are short, decisions come first: a store that lags a little harms nobody.
_NICER = 5


def main(arguments: Sequence[str] | None = None) -> int | str:
    """The exit code, or why it cannot begin: the supervisor tries again."""
    config = configuration.of_command_line(Config, "pipeline.projector", __doc__, arguments)
    logs.begin()
    os.nice(_NICER)
    gc.set_threshold(_COLLECT_EVERY)
    sink = sinks.connect(config.sink, config.address, config.secret_file, config.settings)
    status, file = SinkStatus(config.sink), StatusFile(config.status_file)
    try:
        decisions = DecisionsLog(config.membership)
    except BadFile as error:
        return f"{error}; {error.hint}"
    pace = Pace(config.batch, config.gather_s, is_paused=config.is_paused)
    pulse = Pulse()
    projector = Projector(decisions, sink, status, _told(file, pulse), pace)
    exposition.serve(config.metrics_port, lambda: (status,), pulse, config.metrics_host)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: projector.stop())
    try:
        projector.run()
    except Gap as gone:
        status.last_error, status.mend = str(gone), gone.mend(config.sink)
        return f"{gone}; {status.mend}"
    finally:
        file.write(status)
        decisions.close()
        sink.close()
    return 0


def _told(file: StatusFile, pulse: Pulse) -> Callable[[SinkStatus], None]:
    """Tells people and probes how a writer is."""

    def tell(status: SinkStatus) -> None:
        file.offer(status)
        pulse.beat(status.hindrance)

    return tell


def _next_offsets(batch: Sequence[Delivery]) -> dict[int, int]:
    """Per partition the offset after the last one; a batch holds each partition in order."""
    return {delivery.partition: delivery.offset + 1 for delivery in batch}


if __name__ == "__main__":
    sys.exit(main())
