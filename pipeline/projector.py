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
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from pipeline import sinks
from pipeline.metrics import SinkStatus
from pipeline.process import configuration
from pipeline.process.backlog import Backlog
from pipeline.process.backoff import Backoff
from pipeline.process.status_file import StatusFile
from pipeline.records.decision_record import Delivery, run_of
from pipeline.sinks import Refused, Sink, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message, Producer

log = logging.getLogger("projector")

_DEAD_LETTER_S = 10.0
_ASK_S = 1.0
_COMMIT_AGAIN_S = 5.0
_COLLECT_EVERY = 200_000
"""Objects made between two looks for cycles. A batch of parsed decisions is many objects and no cycle: at
Python's usual 700, looking took half the time of parsing them."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a projector is started with; the fields of its JSON file."""

    sink: str
    bootstrap: str
    decisions_topic: str
    dead_letter_topic: str
    group: str
    settings: Mapping[str, Any]
    address: str
    secret_file: Path | None
    status_file: Path
    instance: str | None = None
    """tells this member from others of its group; with it a restarted one gets its partitions at once"""
    pause_file: Path | None = None
    """while this file is there, nothing is read; the place in the group and the offsets are kept"""

    __pydantic_config__ = configuration.STRICT

    def __post_init__(self) -> None:
        """Raises ValueError for settings that the sink does not take."""
        sinks.settings_of(self.sink, self.settings)

    @classmethod
    def read(cls, path: Path) -> Config:
        """Raises BadConfiguration."""
        return configuration.read(cls, path)

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

    def secret(self) -> str | None:
        return self.secret_file.read_text().strip() if self.secret_file else None


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
    """The decisions topic as a projector sees it. `KafkaLog` is the real one."""

    def read(self, limit: int, wait_s: float) -> list[Delivery]: ...
    def owns(self, partition: int) -> bool: ...
    def commit(self, offsets: Mapping[int, int]) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def idle(self, wait_s: float) -> None: ...
    def dead_letter(self, refused: Sequence[Refused]) -> None: ...
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
        self._tell()

    def _deliver(self, batch: list[Delivery]) -> None:
        """Until the store has taken it, or the partitions are someone else's, or we stop."""
        while batch:
            try:
                self._write(batch)
                return
            except Unavailable as error:
                self._status.retried += 1
                self._status.last_error = str(error)
            if self._stopping.is_set():
                return
            self._wait()
            # what another member now owns it reads again from our last commit
            batch = [delivery for delivery in batch if self._log.owns(delivery.partition)]

    def _write(self, batch: list[Delivery]) -> None:
        outcome = self._sink.write(batch)
        if outcome.refused:
            self._log.dead_letter(outcome.refused)
            self._status.last_error = outcome.refused[-1].reason
        self._log.commit(_next_offsets(batch))
        self._pace.backoff.reset()
        self._status.written += outcome.written
        self._status.superseded += outcome.superseded
        self._status.dead_lettered += len(outcome.refused)

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


class KafkaLog:
    """The decisions topic read by one member of a consumer group, and its dead-letter topic."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._owned: dict[int, int] = {}  # partition to the offset committed last
        self._uncommitted: dict[int, int] = {}  # what a commit failed for: tried again when nothing comes
        self._commit_again = 0.0
        self._paused = False
        self._backlog: Backlog | None = None  # of the assignment, when there is one
        self._consumer: Consumer = Consumer(
            {
                "bootstrap.servers": config.bootstrap, "group.id": config.group, "client.id": config.group,
                "enable.auto.commit": False, "auto.offset.reset": "earliest",
                # a killed member's partitions come back within this time
                "session.timeout.ms": 6_000, "heartbeat.interval.ms": 1_500,
                "max.poll.interval.ms": 300_000, "fetch.min.bytes": 65_536, "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 32_768, "message.max.bytes": 20_000_000,
                "topic.metadata.refresh.interval.ms": 10_000, "log_level": 4,
                **({"group.instance.id": config.instance} if config.instance else {}),
            }
        )  # fmt: skip
        self._producer: Producer = Producer(
            {
                "bootstrap.servers": config.bootstrap, "client.id": config.group,
                "enable.idempotence": True, "message.max.bytes": 20_000_000, "linger.ms": 5,
                "message.timeout.ms": int(_DEAD_LETTER_S * 1000), "log_level": 4,
            }
        )  # fmt: skip
        self._consumer.subscribe(
            [config.decisions_topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def read(self, limit: int, wait_s: float) -> list[Delivery]:
        batch = []
        for message in self._consumer.consume(limit, wait_s):
            error = message.error()
            if error is None:
                batch.append(_delivery(message))
            elif error.fatal():
                raise RuntimeError(error.str())
        if self._uncommitted and not batch and time.monotonic() >= self._commit_again:
            self.commit({})
        return batch

    def owns(self, partition: int) -> bool:
        return partition in self._owned

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Failing is harmless: whoever reads these again finds the store has them.

        What failed is not counted as committed; it is tried again with the next batch, or when none comes.
        """
        wanted = {**self._uncommitted, **offsets}
        wanted = {partition: offset for partition, offset in wanted.items() if self.owns(partition)}
        try:
            places = [self._at(partition, offset) for partition, offset in wanted.items()]
            done = self._consumer.commit(offsets=places, asynchronous=False) if places else []
            taken = {at.partition: at.offset for at in done or () if at.error is None}
        except KafkaException as error:
            log.warning("offsets not committed: %s; they are tried again", error)
            taken = {}
            self._commit_again = time.monotonic() + _COMMIT_AGAIN_S
        self._owned.update(taken)
        self._uncommitted = {partition: at for partition, at in wanted.items() if partition not in taken}

    def pause(self) -> None:
        self._paused = True
        self._consumer.pause([self._at(partition) for partition in self._owned])

    def resume(self) -> None:
        self._paused = False
        self._consumer.resume([self._at(partition) for partition in self._owned])

    def idle(self, wait_s: float) -> None:
        """Keep the membership alive; everything owned is paused, so nothing comes."""
        message = self._consumer.poll(wait_s)
        if message is not None and message.error() is None:
            # fetched before the pause took hold: read it again later
            self._consumer.seek(self._at(message.partition() or 0, message.offset() or 0))

    def dead_letter(self, refused: Sequence[Refused]) -> None:
        """Returns when the broker has them all. Raises Unavailable."""
        failed: list[str] = []

        def acknowledged(error: object, _: object) -> None:
            if error is not None:
                failed.append(str(error))

        try:
            for one in refused:
                self._producer.produce(
                    self._config.dead_letter_topic, value=one.delivery.value, key=one.delivery.key,
                    headers=self._why(one), on_delivery=acknowledged,
                )  # fmt: skip
                self._producer.poll(0)
            unsent = self._producer.flush(_DEAD_LETTER_S + 1)
        except (KafkaException, BufferError) as error:
            raise Unavailable(f"dead-letter topic: {error}") from error
        if failed or unsent:
            raise Unavailable(f"dead-letter topic: {failed[0] if failed else 'no answer'}")

    def lag(self) -> int | None:
        """Records of the assigned partitions that are not committed; None before an assignment, and while
        the broker does not say."""
        return self._backlog.of(self._owned, is_fetching=not self._paused) if self._backlog else None

    def close(self) -> None:
        self._consumer.close()

    def _ends(self, partition: int, ask: bool) -> tuple[int, int] | None:
        at = self._at(partition)
        try:
            found = self._consumer.get_watermark_offsets(at, timeout=_ASK_S, cached=not ask)
            return found or None
        except KafkaException:
            return None

    def _why(self, one: Refused) -> list[tuple[str, str | bytes | None]]:
        delivery = one.delivery
        return [
            ("topic", self._config.decisions_topic), ("partition", str(delivery.partition)),
            ("offset", str(delivery.offset)), ("reason", one.reason), ("run", str(delivery.run)),
        ]  # fmt: skip

    def _at(self, partition: int, offset: int = -1001) -> Any:
        return TopicPartition(self._config.decisions_topic, partition, offset)

    def _assigned(self, consumer: Consumer, partitions: list[Any]) -> None:
        try:
            known = consumer.committed(partitions, timeout=5)
        except KafkaException:
            known = partitions  # only the lag needs them
        self._owned = {at.partition: max(at.offset, 0) for at in known}
        self._uncommitted = {}
        self._backlog = Backlog(self._ends)
        consumer.assign(partitions)
        if self._paused:
            consumer.pause(partitions)

    def _revoked(self, consumer: Consumer, partitions: list[Any]) -> None:
        self._owned = {}
        self._uncommitted = {}
        self._backlog = None


# Where processors are short, decisions come first: a store that lags a little harms nobody.
_NICER = 5


def main(arguments: Sequence[str] | None = None) -> int:
    config = configuration.of_command_line(Config, "pipeline.projector", __doc__, arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.nice(_NICER)
    gc.set_threshold(_COLLECT_EVERY)
    sink = sinks.connect(config.sink, config.address, config.secret(), config.settings)
    status, file, decisions = SinkStatus(config.sink), StatusFile(config.status_file), KafkaLog(config)
    pace = Pace(config.batch, config.gather_s, is_paused=config.is_paused)
    projector = Projector(decisions, sink, status, file.offer, pace)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: projector.stop())
    try:
        projector.run()
    finally:
        file.write(status)
        decisions.close()
        sink.close()
    return 0


def _delivery(message: Message) -> Delivery:
    value = message.value()
    return Delivery(
        value.encode() if isinstance(value, str) else value or b"",
        message.partition() or 0, message.offset() or 0, run_of(message.headers()),
        message.timestamp()[1], _bytes(message.key()),
    )  # fmt: skip


def _bytes(key: str | bytes | None) -> bytes | None:
    return key.encode() if isinstance(key, str) else key


def _next_offsets(batch: Sequence[Delivery]) -> dict[int, int]:
    """Per partition the offset after the last one; a batch holds each partition in order."""
    return {delivery.partition: delivery.offset + 1 for delivery in batch}


if __name__ == "__main__":
    sys.exit(main())
