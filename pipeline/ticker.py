"""Puts silence into the log: control records for partitions in which nothing happens.

Events wait in the job until every partition has moved past them. A partition without traffic would hold
the others back for ever, and a lone event would wait for the next one. This process watches the end offsets
of the transactions topic and appends a record with the header `tick` and no value where silence has to be
stated. `pipeline.process.silence` decides; this is the wiring.

Run as `python -m pipeline.ticker --config FILE` (JSON: kafka, topic, out_of_orderness_ms, silent_ms).
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.ends import ends
from pipeline.connections.kafka.librdkafka import Files
from pipeline.connections.tls import BadFile
from pipeline.metrics import TickerFigures, exposition
from pipeline.metrics.pulse import Pulse
from pipeline.process import configuration, logs
from pipeline.process.arrivals import Arrivals
from pipeline.process.own_clock import OwnClock
from pipeline.process.silence import HOLD_MS, Silence
from pipeline.records import clock
from pipeline.records.names import TAIL_GROUP

log = logging.getLogger("ticker")

REQUEST_TIMEOUT_S = 5.0
UNSEEN_S = 0.25
"""How long a record may go unseen at rest where the broker does not tell of it."""
LOOK_FOR_MORE_S = 5.0
"""How often it is asked whether there are more partitions."""
DELIVERY_TIMEOUT_MS = 5_000
HEADER = "tick"
LIMIT_HEADER = "limit"
_CLIENT = {
    "client.id": "fraudctl-ticker",
    "log.connection.close": False,
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 500,
}
_PRODUCER = {"linger.ms": 0, "acks": "all", "message.timeout.ms": DELIVERY_TIMEOUT_MS}


@dataclass(frozen=True, slots=True)
class Config:
    """What a ticker is started with; the fields of its JSON document."""

    __pydantic_config__ = configuration.STRICT

    kafka: Kafka
    topic: str
    out_of_orderness_ms: float
    silent_ms: float = 20.0
    metrics_port: int | None = None
    metrics_host: str = exposition.HOST

    @classmethod
    def read(cls, path: Path) -> Config:
        """Raises BadConfiguration."""
        return configuration.read(cls, path)


class Unreachable(Exception):
    """The broker does not answer for now; the ticker waits and asks again."""


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a tick of ours lies, and whether it can release all that came before it."""

    offset: int
    tells_all: bool


class Log:
    """The topic as the ticker sees it: end offsets of all partitions in one request, and appending ticks."""

    def __init__(self, config: Config) -> None:
        self._kafka, self._topic = config.kafka, config.topic
        self._clock = OwnClock()
        self._files = Files(config.kafka)
        self._connect()
        self._partitions: list[int] = []
        self._asked_s = 0.0

    def ends(self) -> dict[int, int]:
        """End offset of each partition. Raises Unreachable."""
        self._renew()
        try:
            return ends(self._asking, self._topic, self._known_partitions(), REQUEST_TIMEOUT_S)
        except KafkaException as failure:
            self._partitions = []
            self._asking.poll(0)  # what it complains of is heard when it is polled
            heard = librdkafka.last_error(self._kafka)
            raise Unreachable(heard or str(failure)) from failure

    def append_ticks(self, partitions: Iterable[int], behind_ms: float = 0) -> dict[int, Appended]:
        """Appends one tick to each and returns those the broker confirmed.

        With `behind_ms` the partition may still be so far behind the tick's append time.
        """
        confirmed: dict[int, Appended] = {}
        ordered_ms = clock.now_ms()
        limit_ms = self._clock.limit_ms(ordered_ms)
        headers = {HEADER: str(int(behind_ms)) if behind_ms else "", LIMIT_HEADER: str(limit_ms)}

        def report(error: Any, record: Any) -> None:
            if error is None:
                append_ms = record.timestamp()[1]
                tells_all = self._clock.tells_all(record.partition(), append_ms, limit_ms)
                confirmed[record.partition()] = Appended(record.offset(), tells_all)
                self._clock.learn(ordered_ms, append_ms)

        try:
            for partition in partitions:
                self._producer.produce(
                    self._topic, value=None, partition=partition, headers=headers, on_delivery=report
                )
        except (KafkaException, BufferError) as failure:
            log.warning("a tick was not taken: %s", failure)
        # Every report comes back within the delivery timeout, so no tick is in doubt at the next observation.
        while self._producer.flush(DELIVERY_TIMEOUT_MS / 1000):
            log.warning("ticks are waiting for the broker")
        return confirmed

    def await_record(self, ends: Mapping[int, int]) -> bool:
        """Wait for a record behind these ends, while it may go unseen. False if the broker tells nothing."""
        try:
            return self._arrivals.wait(ends, UNSEEN_S)
        except KafkaException as failure:
            log.warning("records are not told of: %s", failure)
            return False

    def _connect(self) -> None:
        # Not who waits for records: a broker answers a question only after what was asked before it.
        self._asking = librdkafka.consumer(self._kafka, {**_CLIENT, "group.id": TAIL_GROUP})
        self._producer = librdkafka.producer(self._kafka, _CLIENT | _PRODUCER)
        self._arrivals = Arrivals(self._kafka, self._topic, _CLIENT)

    def _renew(self) -> None:
        """With other files other clients; no tick is under way between two observations."""
        if not self._files.have_changed():
            return
        arrivals, asking = self._arrivals, self._asking
        try:
            self._connect()
            self._files.renewed()
            arrivals.close()
            librdkafka.retire(asking)
        except (BadFile, KafkaException) as error:
            log.warning("the connection's files have changed, but cannot be used yet: %s", error)

    def _known_partitions(self) -> list[int]:
        if not self._partitions or time.monotonic() - self._asked_s > LOOK_FOR_MORE_S:
            topic = self._asking.list_topics(self._topic, timeout=REQUEST_TIMEOUT_S).topics[self._topic]
            if topic.error is not None or not topic.partitions:
                raise Unreachable(f"topic {self._topic}: {topic.error or 'has no partitions'}")
            self._partitions = sorted(topic.partitions)
            self._asked_s = time.monotonic()
        return self._partitions


def monotonic_ms() -> float:
    return time.monotonic() * 1000


def watch(
    config: Config,
    topic: Log,
    stop: threading.Event,
    figures: TickerFigures | None = None,
    pulse: Pulse | None = None,
) -> None:
    """Observes and ticks until `stop` is set. A broker that is away is waited for."""
    figures, pulse = figures or TickerFigures(), pulse or Pulse()
    silence = Silence(config.out_of_orderness_ms, config.silent_ms)
    reachable = True
    while not stop.is_set():
        try:
            ends = topic.ends()
            if not reachable:
                log.info("the broker answers again")
            reachable = True
            pulse.beat()
        except Unreachable as failure:
            pulse.beat(f"the broker does not answer: {failure}")
            if reachable:
                log.warning("the broker does not answer: %s", failure)
            reachable = False
            figures.failures += 1
            silence = Silence(config.out_of_orderness_ms, config.silent_ms)
            stop.wait(0.2)
            continue
        has_ticked = _tick(topic, silence, ends, figures)
        # What was appended just now lies behind these ends, so it would be told of.
        if has_ticked or not silence.is_told or not topic.await_record(ends):
            stop.wait(silence.wait_ms(monotonic_ms()) / 1000)


def _tick(topic: Log, silence: Silence, ends: Mapping[int, int], figures: TickerFigures) -> bool:
    """Whether a partition was in need of a tick; it has got one where the broker took it."""
    now_ms = monotonic_ms()
    silent = silence.observe(now_ms, ends)
    held = silence.held(now_ms)
    for needed, behind_ms in ((silent, 0.0), (held, HOLD_MS)):
        ordered_ms = monotonic_ms()
        confirmed = topic.append_ticks(needed, behind_ms) if needed else {}
        _count(figures, behind_ms, confirmed.values())
        for partition, tick in confirmed.items():
            silence.ticked(partition, tick.offset, ordered_ms, behind_ms, tick.tells_all)
    return bool(silent or held)


def _count(figures: TickerFigures, behind_ms: float, ticks: Collection[Appended]) -> None:
    kind = ("held" if behind_ms else "silent",)
    figures.ticks[kind] = figures.ticks.get(kind, 0) + len(ticks)
    figures.limited += sum(not tick.tells_all for tick in ticks)


def main() -> None:
    config = configuration.of_command_line(Config, "pipeline.ticker", __doc__, None)
    logs.begin()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("watching %s", config.topic)
    try:
        topic = Log(config)
    except BadFile as error:
        sys.exit(f"{error}; {error.hint}")
    figures, pulse = TickerFigures(), Pulse()
    exposition.serve(config.metrics_port, lambda: (figures,), pulse, config.metrics_host)
    watch(config, topic, stop, figures, pulse)


if __name__ == "__main__":
    main()
