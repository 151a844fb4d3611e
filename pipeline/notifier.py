"""Notifies people of new alerts: the stream of the alerts table, through claims, to channels.

Run as `python -m pipeline.notifier --config FILE`, or as an AWS Lambda function whose handler is
`pipeline.notifier.lambda_handler`, fed by the table's stream directly or through EventBridge. Both do
the same to the same tables, so both may run, and several of each.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pipeline import notify
from pipeline.connections.aws import ROLE, Access
from pipeline.metrics import NotifierFigures, exposition
from pipeline.metrics.pulse import Pulse
from pipeline.notify.outbox import TABLE, Claim, Outbox, Terms
from pipeline.notify.postman import Digest, Postman
from pipeline.notify.stream import AlertStream, new_alerts, records_of
from pipeline.process import configuration, logs
from pipeline.process.backoff import Backoff
from pipeline.process.status_file import StatusFile
from pipeline.records import clock
from pipeline.records.clock import DAY_MS, MINUTE_MS
from pipeline.records.decision_record import Identity
from pipeline.records.masking import Masks
from pipeline.settings.checks import Filled
from pipeline.settings.document import Told
from pipeline.settings.kinds import Duration, File, Text, Truth, Whole
from pipeline.settings.reading import make, settings
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.client import Unreachable
from pipeline.sinks.dynamodb.items import TABLE_NAME, alerts_table

CONFIG_VARIABLE = "FRAUDCTL_NOTIFY_CONFIG"
"""what a Lambda function reads: the configuration as JSON, or the path of a file with it"""

OUTCOMES = ("sent", "digest", "withdrawn", "refused", "unknown")
"""how a message can end, in the words of the metrics"""

_POLL_S = 0.25
_SPARE_MS = 5_000  # a Lambda function stops this long before its time is over


@settings()
class Config:
    """What a notifier is told. What each channel is told its own type says."""

    address: Annotated[str, Text()]
    channels: Annotated[dict[str, Told], Filled()]
    secret_file: Annotated[Path, File()] | None = None
    region: Annotated[str, Text()] | None = None
    role: Annotated[str, Text(*ROLE)] | None = None
    ca_file: Annotated[Path, File()] | None = None
    alerts_table: Annotated[str, TABLE_NAME] = "fraud_alerts"
    table: Annotated[str, TABLE_NAME] = TABLE
    create: Annotated[bool, Truth()] = True
    digest_window_ms: notify.WindowMs = Digest().window_ms
    digest_over: notify.MostSingly = Digest().over
    unknown_after_ms: Annotated[int, Duration(1, DAY_MS, bare=True)] = MINUTE_MS
    masked: tuple[str, ...] = ()
    status_file: Annotated[Path, File()] | None = None
    metrics_port: Annotated[int, Whole(1, 65_535)] | None = None
    metrics_host: Annotated[str, Text()] = exposition.HOST

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Config:
        """Raises ValueError naming everything that is wrong."""
        return make(cls, document, "the notifier's configuration")

    @property
    def digest(self) -> Digest:
        return Digest(self.digest_window_ms, self.digest_over)

    @property
    def terms(self) -> Terms:
        return Terms(self.unknown_after_ms)

    def outbox(self, client: Any, owner: str) -> Outbox:
        """The claims, as `owner` signs them."""
        return Outbox(client, owner, self.terms, self.table, self.alerts_table, Masks(frozenset(self.masked)))

    def client(self, service: str = "dynamodb") -> Any:
        access = Access(self.secret_file, self.role, self.ca_file)
        return dynamo.client(self.address, access, service, 24, self.region)


class Office:
    """Claims and postmen of one configuration. Raises ValueError for a channel that cannot be used."""

    def __init__(self, config: Config) -> None:
        owner = f"{socket.gethostname()}/{os.getpid()}/{time.time_ns()}"
        self.channels = sorted(config.channels)
        self._config = config
        self._client = config.client()
        self.outbox = config.outbox(self._client, owner)
        within_ms = config.terms.unknown_after_ms // 3
        self.postmen = [
            Postman(
                name,
                notify.connect(name, config.channels[name]),
                self.outbox,
                config.digest,
                send_within_ms=within_ms,
            )
            for name in self.channels
        ]

    def open(self) -> None:
        """Make the tables if they are not there. Raises Unreachable."""
        dynamo.ensure(self._client, alerts_table(self._config.alerts_table), create=self._config.create)
        self.outbox.ensure(create=self._config.create)

    def stream(self) -> AlertStream:
        streams = self._config.client("dynamodbstreams")
        return AlertStream(self._client, streams, self._config.alerts_table, self.outbox)

    def offer(self, records: Iterable[Mapping[str, Any]]) -> list[Identity]:
        """Make the new alerts among stream records due on every channel, and say which they are."""
        now = clock.now_ms()
        newest: dict[Identity, int] = {}
        for identity, position in new_alerts(records, now):
            newest[identity] = max(position, newest.get(identity, 0))
        self.outbox.offer(newest.items(), self.channels, now)
        return list(newest)


class Notifier:
    """The process: one thread reads the stream, one per channel sends, so that none waits for another."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._office = Office(config)
        self._stopping = threading.Event()
        self._status = NotifierStatus(self._office.postmen)
        self._file = StatusFile(config.status_file) if config.status_file else None
        self.pulse = Pulse()
        self.failed = False

    def figures(self) -> NotifierFigures:
        """What was counted so far."""
        return _figures(self._office.postmen)

    def stop(self) -> None:
        """Finish the messages in hand and return from `run`. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        self._until_it_works(self._office.open, self.pulse.beat)
        threads = [
            threading.Thread(target=self._repeat, args=(postman.step,), name=postman.name)
            for postman in self._office.postmen
        ]
        for thread in threads:
            thread.start()
        stream = self._office.stream()
        while not self._stopping.is_set():
            self._until_it_works(lambda: self._read(stream), self.pulse.beat)
            if self._file:
                self._file.offer(self._status)
            self._stopping.wait(_POLL_S)
        for thread in threads:
            thread.join()
        if self._file:
            self._file.write(self._status)
        self._office.outbox.close()

    def _read(self, stream: AlertStream) -> None:
        for page in stream.pages():
            self._office.offer(page.records)
            stream.commit(page, clock.now_ms())

    def _repeat(self, step: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            self._until_it_works(step)
            self._stopping.wait(_POLL_S)

    def _until_it_works(
        self, act: Callable[[], object], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """Try with growing pauses; a thread that met a surprise ends the process, which is started again.

        `tell` hears after each attempt what keeps it from working, nothing in the end.
        """
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                act()
                tell("")
                return
            except Unreachable as error:
                self._status.last_error = str(error)
                tell(str(error))
                self._stopping.wait(backoff.next_s())
            except Exception:
                self.failed = True
                self._stopping.set()
                raise


@dataclass(slots=True)
class NotifierStatus:
    """What a notifier tells of itself, counted since it started. Times are epoch milliseconds."""

    postmen: Sequence[Postman]
    last_error: str | None = None
    updated_ms: int = 0
    failed_writes: int = 0

    def document(self) -> dict[str, object]:
        return {
            "channels": {postman.name: asdict(postman.counts) for postman in self.postmen},
            "last_error": self.last_error,
            "updated_ms": self.updated_ms,
            "failed_writes": self.failed_writes,
        }


def _figures(postmen: Iterable[Postman]) -> NotifierFigures:
    found = NotifierFigures()
    for postman in postmen:
        counts = asdict(postman.counts)
        found.retried[(postman.name,)] = counts["retried"]
        for outcome in OUTCOMES:
            found.notifications[(postman.name, outcome)] = counts[outcome + "s" * (outcome == "digest")]
    return found


def listed(config: Config) -> list[Claim]:
    """What is due, claimed, unknown or refused on the configured channels. Raises Unreachable."""
    outbox = config.outbox(config.client(), "")
    try:
        return outbox.listed(clock.now_ms(), sorted(config.channels))
    finally:
        outbox.close()


def lambda_handler(event: Any, context: Any) -> dict[str, object]:
    """Notify of the alerts in an event: stream records, or what EventBridge makes of them.

    What cannot be sent now is reported as failed, so that the stream (or EventBridge) brings it again;
    by then its claims say what was done already.
    """
    config = _config_of_environment()
    records = list(records_of(event))
    office = Office(config)
    try:
        office.open()
        waits = _drain(office, office.offer(records), context)
    finally:
        office.outbox.close()
    if not waits:
        return {"batchItemFailures": []}
    if isinstance(event, Mapping) and "Records" in event and records:
        first = records[0]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": first}]}
    raise RuntimeError("not every alert could be sent yet")


def _config_of_environment() -> Config:
    given = os.environ.get(CONFIG_VARIABLE, "")
    text = given if given.lstrip().startswith("{") else Path(given).read_text()
    return configuration.parse(Config, text, CONFIG_VARIABLE, "see docs/notifications.md")


def _drain(office: Office, identities: Sequence[Identity], context: Any) -> bool:
    """Send these alerts; whether some are still due. The index may lag, so claims are read by key."""
    left_ms = getattr(context, "get_remaining_time_in_millis", lambda: 60_000)
    for postman in office.postmen:
        while (due := office.outbox.still_due(identities, postman.name)) and left_ms() > _SPARE_MS:
            if postman.step(due):
                break
    return any(office.outbox.still_due(identities, name) for name in office.channels)


def main(arguments: list[str] | None = None) -> int:
    config = configuration.of_command_line(Config, "pipeline.notifier", __doc__, arguments)
    logs.begin()
    notifier = Notifier(config)
    exposition.serve(config.metrics_port, lambda: (notifier.figures(),), notifier.pulse, config.metrics_host)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: notifier.stop())
    notifier.run()
    return int(notifier.failed)


if __name__ == "__main__":
    sys.exit(main())
