"""Sends what is due on one channel: claim, look whether the alert still stands, send, note the outcome.

A burst is folded: in one window at most `over` single messages go out, what comes on top waits for the
window's end and goes as one digest. It knows claims and a channel, nothing of streams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.notify import Channel, Message, Never, NotNow
from pipeline.notify.outbox import Claim, Outbox
from pipeline.process.backoff import Backoff
from pipeline.records import clock
from pipeline.sinks.dynamodb.client import Unreachable

MOST = 500
"""the most alerts of one digest"""
_GIVE_UP_EVERY_MS = 2_000
_SLICE = 25


@dataclass(frozen=True, slots=True)
class Digest:
    """When alerts are folded: more than `over` of them within `window_ms`."""

    window_ms: int = 10_000
    over: int = 5


@dataclass(slots=True)
class Counts:
    """What one channel did since the start."""

    sent: int = 0
    digests: int = 0
    withdrawn: int = 0
    refused: int = 0
    unknown: int = 0
    retried: int = 0
    last_error: str | None = None


class Postman:
    """One channel's sending. `now_ms` is the clock; `send_within_ms` must be well below the claim's time."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        outbox: Outbox,
        digest: Digest,
        now_ms: Callable[[], int] = clock.now_ms,
        send_within_ms: int = 20_000,
    ) -> None:
        self.name = name
        self.counts = Counts()
        self._channel, self._outbox, self._digest = channel, outbox, digest
        self._now_ms, self._send_within_ms = now_ms, send_within_ms
        self._backoff = Backoff(first_s=0.5, cap_s=60.0)
        self._not_before_ms: int | None = None
        self._window_end_ms = 0
        self._singles = 0
        self._gave_up_ms = 0
        self._unsettled: list[tuple[Sequence[Claim], str, str]] = []

    def step(self, due: Sequence[Claim] | None = None) -> bool:
        """Send what may go now, of all that is due or of the given; whether some must wait.

        Raises Unreachable.
        """
        self._settle_rest()
        now = self._now_ms()
        if now - self._gave_up_ms >= _GIVE_UP_EVERY_MS:
            self._outbox.give_up(self.name, now)
            self._gave_up_ms = now
        if self._not_before_ms is None:
            self._not_before_ms = self._outbox.paused_until(self.name)
        if due is None:
            due = self._outbox.due(self.name, MOST)
        if now < self._not_before_ms:
            return bool(due)
        groups = self._groups(due, now)
        return not all(self._notify(group) for group in groups) or (bool(due) and not groups)

    def _groups(self, due: Sequence[Claim], now: int) -> list[Sequence[Claim]]:
        """Which claims go in which message now."""
        if now >= self._window_end_ms:
            self._window_end_ms, self._singles = now + self._digest.window_ms, 0
        if len(due) <= self._digest.over - self._singles:
            self._singles += len(due)
            return [[claim] for claim in due]
        if self._singles == 0:
            self._singles = self._digest.over + 1
            return [due]
        return []

    def _notify(self, group: Sequence[Claim]) -> bool:
        """See one message through; whether the channel may be used further."""
        started = self._now_ms()
        claims = self._claimed(group, started)
        try:
            alive = self._outbox.alive(claims, started)
        except Unreachable:
            self._unsettled.append((claims, "due", "the alerts could not be read"))
            raise
        gone = [claim for claim in claims if claim.identity not in alive]
        self._settle(gone, "withdrawn", "")
        self.counts.withdrawn += len(gone)
        claims = [claim for claim in claims if claim.identity in alive]
        if not claims:
            return True
        if self._now_ms() - started > self._send_within_ms:
            self._settle(claims, "due", "claiming took too long")
            return True
        key = "\n".join([self.name, *(f"{c.user_id}\t{c.event_id}" for c in claims)])
        return self._send(claims, Message(key, tuple(alive[claim.identity] for claim in claims)))

    def _claimed(self, group: Sequence[Claim], started: int) -> list[Claim]:
        """As many as can be claimed with time left to send them; the rest stays due."""
        claims: list[Claim] = []
        for at in range(0, len(group), _SLICE):
            if claims and self._now_ms() - started > self._send_within_ms // 2:
                break
            claims += self._outbox.claim(group[at : at + _SLICE], started)
        return claims

    def _send(self, claims: Sequence[Claim], message: Message) -> bool:
        try:
            self._channel.send(message)
        except NotNow as error:
            self._hold(error)
            self._settle(claims, "due", str(error))
            self._outbox.pause(self.name, self._not_before_ms or 0)
            return False
        except Never as error:
            self.counts.refused += len(claims)
            self.counts.last_error = str(error)
            self._settle(claims, "refused", str(error))
        except Exception as error:
            self.counts.unknown += len(claims)
            self.counts.last_error = f"{type(error).__name__}: {error}"
            self._settle(claims, "unknown", self.counts.last_error)
        else:
            self._backoff.reset()
            self.counts.sent += len(claims)
            self.counts.digests += len(claims) > 1
            self._settle(claims, "sent", "")
        return True

    def _hold(self, error: NotNow) -> None:
        """Let the channel rest as long as it asked, else longer with each failure."""
        wait_s = self._backoff.next_s()
        wait_s = error.after_s if error.after_s is not None else max(wait_s, 0.2)
        self._not_before_ms = self._now_ms() + int(wait_s * 1000)
        # a message that did not go uses up nothing of its window
        self._window_end_ms = 0
        self.counts.retried += 1
        self.counts.last_error = str(error)

    def _settle(self, claims: Sequence[Claim], state: str, reason: str) -> None:
        """Note an outcome; if that is not possible now, at the next step. Until then it counts as claimed."""
        self._unsettled.append((claims, state, reason[:500]))
        self._settle_rest()

    def _settle_rest(self) -> None:
        while self._unsettled:
            claims, state, reason = self._unsettled[0]
            self._outbox.settle(claims, state, self._now_ms(), reason)
            del self._unsettled[0]
