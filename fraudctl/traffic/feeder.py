"""Sends the planned events of a run, each when it is due, however slow the pipeline is."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.traffic.generator import Planned, Run, label_value, stream
from fraudctl.traffic.scorecard import Scoreboard
from pipeline.records import clock
from pipeline.records.placing import key_of

LINGER_MS = 5
"""Records are gathered that long, as by Kafka's own clients; one at a time they cost the broker far more."""
TICK_S = 0.004
"""Who has sent all that is due looks at the clock again after that; waking for each event would cost more
processor time than the events do."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One record to send, `offset_ms` after the start. A copy repeats an event that is sent as well."""

    planned: Planned
    offset_ms: float
    is_copy: bool = False


Shape = Callable[[Iterator[Planned]], Iterator[Sending]]
"""What of the planned events is sent when; its order is the order of sending."""


def undisturbed(events: Iterator[Planned]) -> Iterator[Sending]:
    """Each event once, when it is due."""
    return (Sending(planned, planned.offset_ms) for planned in events)


@dataclass(frozen=True)
class Conduct:
    """How a run is watched and disturbed from outside. `stop` ends the sending early."""

    shape: Shape = undisturbed
    board: Scoreboard = field(default_factory=Scoreboard)
    stop: threading.Event = field(default_factory=threading.Event)


class Feeder(threading.Thread):
    """Sends each event when it is due, its label beside it. Set `stop` to end early."""

    def __init__(self, stack: Stack, run: Run, workers: int, conduct: Conduct, lines: TextIO) -> None:
        super().__init__(name="feeder", daemon=True)
        self.stop = conduct.stop
        self._run, self._board, self._lines = run, conduct.board, lines
        self._shape = conduct.shape
        self._names = stack.profile.topics
        self._placed_by = stack.profile.partition_by
        self._senders = [
            Sender(stack.kafka, self._delivered, linger_ms=LINGER_MS) for _ in range(max(1, workers))
        ]
        self.error: Exception | None = None
        """What ended the thread before its time."""

    def run(self) -> None:
        try:
            self._send_all()
        except Exception as error:
            self.error = error

    def _send_all(self) -> None:
        """Pace by the monotonic clock; the wall clock only says when the run begins."""
        now_ms = clock.now_ms()
        begin_ms = self._run.start_ms if self._run.start_ms > now_ms else now_ms
        origin = time.monotonic() + (begin_ms - now_ms) / 1000
        for sending in self._shape(self._planned(begin_ms)):
            if not self._wait_for(origin + sending.offset_ms / 1000):
                break
            self._send(sending)
        for sender in self._senders:
            sender.flush()
        self._board.settle()

    def _planned(self, begin_ms: float) -> Iterator[Planned]:
        """The events of the run, each noted as it is handed on; what is never sent is refused at the end."""
        for planned in stream(self._run):
            self._board.send(planned.number, int(begin_ms) + planned.offset_ms, planned.part)
            yield planned

    def _wait_for(self, due: float) -> bool:
        """Whether to go on, once it is time; delivery reports come in meanwhile."""
        while (left := due - time.monotonic()) > 0:
            for sender in self._senders:
                sender.serve()
            if self.stop.wait(min(max(left, TICK_S), 0.05)):
                return False
        return not self.stop.is_set()

    def _send(self, sending: Sending) -> None:
        planned = sending.planned
        user, value = planned.transaction.user_id.encode(), planned.value
        key = key_of(self._placed_by, user, value)
        sender = self._senders[zlib.crc32(key) % len(self._senders)]
        if sending.is_copy:
            sender.send(self._names.transactions, value, key)
            return
        label = label_value(planned, self._run.scenario.name)
        sender.send(self._names.transactions, value, key, token=planned.number)
        sender.send(self._names.labels, label, user)
        self._lines.write(label.decode() + "\n")

    def _delivered(self, delivery: Sent) -> None:
        if delivery.token is None:
            return
        if delivery.error is None:
            self._board.deliver(delivery.token, delivery.partition, delivery.offset)
        else:
            self._board.refuse(delivery.token)
