"""Whether the broker's clock has stepped ahead: time is the log's, and the log's clock can be wrong."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.settings.profile import Profile
from fraudctl.waiting import within
from pipeline.connections.kafka.description import Kafka
from pipeline.records.clock import now_ms

NOTED_MS = 1_000
"""Clocks of two machines differ by less."""
_WATCHED_S = 2.0


@dataclass(frozen=True, slots=True)
class BrokerClock:
    """How far the newest append lies ahead of this machine's clock, at least 0, and what is allowed."""

    ahead_ms: int
    allowed_ms: int

    @property
    def healthy(self) -> bool:
        """Whether events late by so much still find their windows whole."""
        return self.ahead_ms <= max(self.allowed_ms, NOTED_MS)

    def document(self) -> dict[str, object]:
        """In JSON."""
        return {"ahead_ms": self.ahead_ms, "allowed_lateness_ms": self.allowed_ms, "healthy": self.healthy}

    def check(self) -> Check:
        """As a finding, with the mend."""
        found = (
            f"the newest append to the log lies {self.ahead_ms / 1000:.0f} s ahead of this machine's clock"
        )
        if self.ahead_ms <= NOTED_MS:
            return Check("broker clock", WELL, "no append lies ahead of this machine's clock")
        mend = "set the clock right; what is late meanwhile: docs/recovery.md, A clock that was wrong"
        return Check("broker clock", WARNING if self.healthy else BROKEN, found, mend)


def answers(stack: Stack) -> bool:
    """Whether somebody listens where the first broker should; waits a second at most."""
    host, _, port = stack.kafka.bootstrap.split(",")[0].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True


def look(kafka: Kafka, profile: Profile, at_ms: int) -> BrokerClock:
    """Ask the log of transactions. Raises Unhealthy where Kafka does not answer."""
    newest = admin.newest_appends(kafka, profile.topics.transactions)
    ahead_ms = max(newest.values(), default=0) - at_ms
    return BrokerClock(max(0, ahead_ms), profile.pipeline.allowed_lateness_ms)


def behind_ms(kafka: Kafka, topic: str) -> int:
    """How far a broker's clock stands behind this machine's at least, by what is appended while we look.

    0 where nothing is within two seconds, and where the topic is empty. Raises Unhealthy where Kafka does not
    answer.
    """
    began_ms, before = now_ms(), admin.end_offsets(kafka, topic)
    if not any(before.values()):
        return 0

    def grown() -> list[int]:
        return [at for at, end in admin.end_offsets(kafka, topic).items() if end > before.get(at, end)]

    found, newest = within(grown, _WATCHED_S) or [], admin.newest_appends(kafka, topic)
    return max((began_ms - newest[at] for at in found if newest.get(at, began_ms) < began_ms), default=0)
