"""What a difference between a store and the log can be, and how one is told from another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pipeline.records.decision_record import Identity
from pipeline.records.position import offset_of


class Kind(StrEnum):
    """Classes of differences: the first four are faults and are mended, the others have a reason."""

    MISSING = "missing"
    EXTRA = "extra"
    STALE = "stale"
    DIVERGED = "diverged"
    EXPIRED = "expired"
    UNDELIVERED = "not_delivered"
    DEAD_LETTERED = "dead_lettered"
    OLDER = "older_than_log"


FAULTS = (Kind.MISSING, Kind.EXTRA, Kind.STALE, Kind.DIVERGED)
MEANING = {
    Kind.MISSING: "the log has it, the store does not",
    Kind.EXTRA: "the store has it, the log does not, or says it should not be there",
    Kind.STALE: "the store holds an older decision than the log's newest",
    Kind.DIVERGED: "what the store holds is not what the log says",
    Kind.EXPIRED: "its time to live is over",
    Kind.UNDELIVERED: "newer than what the sink has committed",
    Kind.DEAD_LETTERED: "the store refused it; it lies on the sink's dead-letter topic",
    Kind.OLDER: "older than what the log still holds",
}


class Wanted(NamedTuple):
    """What a store should hold after one decision. `digest` is None for nothing."""

    position: int
    digest: bytes | None
    expires_ms: int | None


class Found(NamedTuple):
    """What a store holds."""

    position: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that a store tells differently. Positions are None on the side that lacks it.

    `partition` and `offset` say where the newest decision lies in the log. `fields` names what
    diverged: name, the store's value, the log's.
    """

    sink: str
    kind: Kind
    identity: Identity
    partition: int | None
    log_position: int | None
    held_position: int | None
    fields: tuple[tuple[str, str | None, str | None], ...] = ()

    @property
    def offset(self) -> int | None:
        return None if self.log_position is None else offset_of(self.log_position)

    def as_document(self) -> dict[str, object]:
        """The difference for JSON."""
        return {
            "sink": self.sink,
            "class": str(self.kind),
            "user_id": self.identity[0],
            "event_id": self.identity[1],
            "partition": self.partition,
            "offset": self.offset,
            "log_position": self.log_position,
            "store_position": self.held_position,
            "fields": [{"name": name, "store": held, "log": said} for name, held, said in self.fields],
        }


def classify(
    found: Found | None, newest: Wanted, delivered: Wanted | None, refused: bool, now_ms: int
) -> Kind | None:
    """The class of a difference, None when there is none.

    `delivered` is the newest decision the sink has committed (`newest` itself in a store without lag),
    `refused` whether the store refused that one for good.
    """
    behind = newest is not delivered
    if found is None:
        return _absent(newest, delivered, refused, now_ms)
    if found.position == newest.position and found.digest == newest.digest:
        return None
    over = _is_over(newest, now_ms)
    if found.position == newest.position:
        # changed, so nobody can tell whether it will still go by itself
        return Kind.EXTRA if over or newest.digest is None else Kind.DIVERGED
    if over:
        return Kind.EXPIRED
    if found.position > newest.position or found.position < 0:
        return Kind.DIVERGED
    if behind and (delivered is None or found.position >= delivered.position):
        return Kind.UNDELIVERED
    return Kind.DEAD_LETTERED if refused else Kind.STALE


def _absent(newest: Wanted, delivered: Wanted | None, refused: bool, now_ms: int) -> Kind | None:
    if newest is not delivered:
        nothing_yet = delivered is None or delivered.digest is None
        return None if nothing_yet and newest.digest is None else Kind.UNDELIVERED
    if newest.digest is None:
        return None
    if _is_over(newest, now_ms):
        return Kind.EXPIRED
    return Kind.DEAD_LETTERED if refused else Kind.MISSING


def _is_over(wanted: Wanted, now_ms: int) -> bool:
    return wanted.expires_ms is not None and wanted.expires_ms <= now_ms
