"""How well a run went: what was sent, decided and lost, what was caught, how soon and how fast.

Pure bookkeeping over event numbers (0, 1, 2 … in the order of the stream). Knows neither Kafka nor the clock.
All times are milliseconds.
"""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fraudctl.traffic.generator import Part

_UNKNOWN, _REFUSED, _UNREPORTED = -1, -2, -3


@dataclass(slots=True)
class Instance:
    """One attack instance as far as it was sent: its frauds, those that had to be flagged, those that
    were."""

    name: str
    attack: str
    began_ms: int
    events: int = 0
    expected: int = 0
    flagged: int = 0
    expected_flagged: int = 0
    events_to_detect: int | None = None
    time_to_detect_ms: int | None = None

    def as_document(self) -> dict[str, object]:
        """The instance in the scorecard's JSON."""
        names = ("attack", "events", "expected", "flagged", "events_to_detect", "time_to_detect_ms")
        return {"instance": self.name} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The result of a run. Ratios are None where there is nothing to divide by.

    `sent` = `accepted` by the broker + `not_accepted`; an accepted event without a decision is `lost` where
    one behind it in its partition is decided, else it is `waiting`; `duplicates` are decisions beyond one per
    event; `late` are events that came when others behind them in time had been decided. `recall` counts the
    fraudulent events that had to be flagged, `recall_by_instance` the attack instances with at least one
    alert on such an event.
    """

    sent: int
    accepted: int
    not_accepted: int
    decided: int
    lost: int
    waiting: int
    duplicates: int
    late: int
    alerts: int
    precision: float | None
    recall: float | None
    recall_by_instance: float | None
    alert_rate_normal: float | None
    latency_ms: Mapping[str, int | None]
    currencies: Mapping[str, int] = field(default_factory=dict)
    """decisions by the currency their events name"""
    instances: Sequence[Instance] = field(default_factory=tuple)

    def as_document(self) -> dict[str, object]:
        """The scorecard as JSON-able data."""
        skipped = ("instances", "latency_ms", "currencies")
        numbers = {name: getattr(self, name) for name in self.__slots__ if name not in skipped}
        instances = [instance.as_document() for instance in self.instances]
        named = {"latency_ms": dict(self.latency_ms), "currencies": dict(self.currencies)}
        return numbers | named | {"instances": instances}


class Scoreboard:
    """Takes events as they are sent, delivered and decided, from two threads; gives the Scorecard at any
    time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scheduled = array("q")
        self._offsets = array("q")
        self._partitions = array("h")
        self._appended = array("q")
        self._flagged = bytearray()
        self._late = bytearray()
        self._parts: dict[int, Part] = {}
        self._furthest: dict[int, int] = {}
        self._currencies: Counter[str] = Counter()
        self.sent = self.accepted = self.not_accepted = self.decided = self.duplicates = self.alerts = 0

    def send(self, number: int, scheduled_ms: int, part: Part | None) -> None:
        """The next event is about to be sent; numbers come without gaps."""
        assert number == len(self._scheduled)
        with self._lock:
            self._scheduled.append(scheduled_ms)
            self._offsets.append(_UNKNOWN)
            self._partitions.append(_UNKNOWN)
            self._appended.append(_UNKNOWN)
            self._flagged.append(0)
            self._late.append(0)
            if part is not None:
                self._parts[number] = part
            self.sent += 1

    def deliver(self, number: int, partition: int, offset: int) -> None:
        """The broker has taken the event."""
        with self._lock:
            self._partitions[number], self._offsets[number] = partition, offset
            self.accepted += 1

    def refuse(self, number: int) -> None:
        """The broker has not taken the event and never will."""
        with self._lock:
            self._offsets[number] = _REFUSED
            self.not_accepted += 1

    def settle(self) -> None:
        """No report comes any more: what has none, and no decision, is not accepted."""
        with self._lock:
            for number, offset in enumerate(self._offsets):
                if offset == _UNKNOWN:
                    self._settle(number)

    def _settle(self, number: int) -> None:
        is_decided = self._appended[number] != _UNKNOWN
        self._offsets[number] = _UNREPORTED if is_decided else _REFUSED
        self.accepted += is_decided
        self.not_accepted += not is_decided

    def decide(
        self,
        number: int,
        flagged: bool,
        append_ms: int,
        partition: int,
        offset: int,
        currency: str | None = None,
        *,
        late: bool = False,
    ) -> None:
        """A decision has arrived; `partition` and `offset` are its transaction's. A later one replaces it."""
        with self._lock:
            if not 0 <= number < len(self._scheduled):
                return
            self._furthest[partition] = max(offset, self._furthest.get(partition, -1))
            if self._appended[number] == _UNKNOWN:
                self._appended[number] = append_ms
                self.decided += 1
                self._currencies.update([] if currency is None else [currency])
            else:
                self.duplicates += 1
                self.alerts -= self._flagged[number]
            self._flagged[number] = flagged
            self._late[number] = late
            self.alerts += flagged

    @property
    def is_complete(self) -> bool:
        """Whether every accepted event has a decision and no delivery is open."""
        return self.sent == self.accepted + self.not_accepted and self.decided >= self.accepted

    def _missing(self) -> Iterator[int]:
        """Numbers of accepted events without a decision."""
        return (n for n, at in enumerate(self._appended) if at == _UNKNOWN and self._offsets[n] >= 0)

    def _overtaken(self) -> int:
        """How many of the missing have a decided successor in their partition: these do not wait any more."""
        return sum(self._offsets[n] < self._furthest.get(self._partitions[n], -1) for n in self._missing())

    def scorecard(self) -> Scorecard:
        """The state of things now."""
        with self._lock:
            return self._scorecard()

    def _scorecard(self) -> Scorecard:
        instances, lost = self._instances(), self._overtaken()
        decided_normal = sum(at >= 0 for at in self._appended) - sum(
            self._appended[n] >= 0 for n in self._parts
        )
        caught = sum(instance.flagged for instance in instances)
        expecting = [instance for instance in instances if instance.expected]
        return Scorecard(
            sent=self.sent,
            accepted=self.accepted,
            not_accepted=self.not_accepted,
            decided=self.decided,
            lost=lost,
            waiting=sum(1 for _ in self._missing()) - lost,
            duplicates=self.duplicates,
            late=sum(self._late),
            alerts=self.alerts,
            precision=_ratio(caught, self.alerts),
            recall=_ratio(sum(i.expected_flagged for i in expecting), sum(i.expected for i in expecting)),
            recall_by_instance=_ratio(sum(i.expected_flagged > 0 for i in expecting), len(expecting)),
            alert_rate_normal=_ratio(self.alerts - caught, decided_normal),
            latency_ms=_percentiles(
                sorted(at - due for at, due in zip(self._appended, self._scheduled, strict=True) if at >= 0)
            ),
            currencies=dict(self._currencies.most_common()),
            instances=tuple(instances),
        )

    def _instances(self) -> list[Instance]:
        found: dict[str, Instance] = {}
        for number, part in sorted(self._parts.items()):
            if self._offsets[number] == _REFUSED:
                continue
            began = self._scheduled[number]
            instance = found.setdefault(part.instance, Instance(part.instance, part.attack, began))
            self._count(instance, number, part)
        return list(found.values())

    def _count(self, instance: Instance, number: int, part: Part) -> None:
        flagged, must = bool(self._flagged[number]), part.number >= part.flagged_from
        instance.events += 1
        instance.expected += must
        instance.flagged += flagged
        instance.expected_flagged += must and flagged
        if flagged and instance.events_to_detect is None:
            instance.events_to_detect = part.number
            instance.time_to_detect_ms = self._appended[number] - instance.began_ms


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _percentiles(ordered: Sequence[int]) -> dict[str, int | None]:
    """Nearest-rank percentiles of sorted values."""
    ranks = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    if not ordered:
        return dict.fromkeys(ranks)
    return {
        name: ordered[max(0, -(-int(rank * 1000) * len(ordered) // 1000) - 1)] for name, rank in ranks.items()
    }
