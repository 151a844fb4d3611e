"""What a profile says about the computation of features, beside the rule set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.records.ages import AgeLimits
from pipeline.records.clock import HOUR_MS, MINUTE_MS
from pipeline.records.ids import MAX_ID_BYTES, IdLimits
from pipeline.records.members import Members

_LATER: Final = ("allowed_lateness_ms", "max_id_bytes", "max_age_ms", "max_ahead_ms")
"""Settings that older documents lack."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a profile says about the computation, beside the rule set."""

    out_of_orderness_ms: int = 50
    dedup_window_ms: int = HOUR_MS
    max_entries: int = 1_000
    max_event_bytes: int = 65_536
    allowed_lateness_ms: int = 15 * MINUTE_MS
    """how late an event may be and still find the windows it belongs to whole"""
    max_id_bytes: int = MAX_ID_BYTES
    any_ids: bool = False
    """whether ids may have characters that nobody sees"""
    max_age_ms: int = 0
    """how much older than its append an event may be; 0: as old as it likes"""
    max_ahead_ms: int = 0
    """how far ahead of its append its time may be; 0: as far as it likes"""

    @classmethod
    def read(cls, document: Members) -> PlanSettings:
        """Those in a document; one from before there was a lateness allows none, one from before there were
        limits of ids or ages has none. Raises `Malformed`."""
        whole = [name for name in cls.__slots__ if name != "any_ids"]
        read = {name: document.whole(name, least=0) for name in whole if name in document}
        missing = [name for name in whole if name not in read and name not in _LATER]
        if missing:
            raise document.malformed(missing[0], "is missing")
        any_ids = "any_ids" not in document or document.truth("any_ids")
        earlier = {"allowed_lateness_ms": 0, "max_id_bytes": read["max_event_bytes"]}
        earlier |= {"max_age_ms": 0, "max_ahead_ms": 0}
        return cls(**earlier | read, any_ids=any_ids)

    @property
    def ids(self) -> IdLimits:
        """What ids of senders may be."""
        return IdLimits(self.max_id_bytes, self.any_ids)

    @property
    def ages(self) -> AgeLimits:
        """How far from its append the time of an event may be."""
        return AgeLimits(self.max_age_ms, self.max_ahead_ms)

    def unseen(self, pos: int, due: int, length_ms: int) -> int:
        """The position up to which an event with these sees nothing when it looks back so far."""
        return max(pos, due - self.allowed_lateness_ms) - length_ms if length_ms else due

    def held_ms(self, length_ms: int) -> int:
        """How long entries are kept for windows of that length; none for none."""
        return length_ms + self.allowed_lateness_ms if length_ms else 0
