"""How a stack goes: rates, shares and percentiles from figures that were looked at one after the other.

Knows neither Kafka nor a clock nor how anything is shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from fraudctl.views.looker import Figures

WINDOW_S: Final = 60.0
"""Shares and percentiles are those of the decisions of the last minute, as far as it was looked at."""
_RATE_S: Final = 10.0
_DELAY: Final = "fraudctl_decision_delay_seconds_bucket"
_RECORDS: Final = "fraudctl_topic_records_total"


@dataclass(frozen=True, slots=True)
class Partition:
    """One of the transactions' partitions: events a second, and records the job has not committed."""

    number: int
    events_s: float | None
    lag: int | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """A moment. What is not known is None; times are in seconds, sizes in bytes.

    `flagged` is the share of decisions that are not approvals. `lag` is in records by consumer.
    """

    at_s: float
    events_s: float | None = None
    decisions_s: float | None = None
    flagged: float | None = None
    p50_s: float | None = None
    p99_s: float | None = None
    lag: Mapping[str, int] = field(default_factory=dict)
    partitions: Sequence[Partition] = ()
    job_wanted: bool | None = None
    job_running: bool | None = None
    checkpoints: int | None = None
    failed_checkpoints: int | None = None
    checkpoint_age_s: float | None = None
    checkpoint_took_s: float | None = None
    checkpoint_bytes: int | None = None
    disk_free_bytes: int | None = None
    verified_s: float | None = None
    verified_faults: Mapping[str, int] = field(default_factory=dict)
    stopped: Sequence[str] | None = None
    """programs that should run and do not"""

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping."""
        return asdict(self)


class Course:
    """Makes a pulse of each look; keeps the looks of a minute."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Figures]] = deque()

    def take(self, at_s: float, now: Figures) -> Pulse:
        """The pulse at a moment that is later than all before."""
        self._looks.append((at_s, now))
        while at_s - self._looks[0][0] > WINDOW_S:
            self._looks.popleft()
        minute = _Span(*self._looks[0], at_s, now)
        lately = _Span(*next(one for one in self._looks if at_s - one[0] <= _RATE_S), at_s, now)
        return _pulse(minute, lately)


@dataclass(frozen=True, slots=True)
class _Span:
    """Two looks. What has grown less than nothing began anew in between, and is not known."""

    from_s: float
    before: Figures
    to_s: float
    now: Figures

    def growth(self, label: str, name: str, **where: str) -> dict[str, float]:
        """By label; what was not there before has grown from nothing, where the metric was there."""
        old, new = self.before.by(label, name, **where), self.now.by(label, name, **where)
        if not old or any(new.get(key, 0.0) < value for key, value in old.items()):
            return {}
        return {key: value - old.get(key, 0.0) for key, value in new.items()}

    def rates(self, label: str, name: str, **where: str) -> dict[str, float]:
        """The same a second."""
        passed_s = self.to_s - _age_s(self.now, name) - (self.from_s - _age_s(self.before, name))
        grown = self.growth(label, name, **where) if passed_s > 0 else {}
        return {key: value / passed_s for key, value in grown.items()}

    def rate(self, label: str, name: str, **where: str) -> float | None:
        """The sum of these."""
        found = self.rates(label, name, **where)
        return sum(found.values()) if found else None


def _age_s(told: Figures, name: str) -> float:
    """How old its figures were when they were told: the exporter looks before it is asked."""
    return (told.one("fraudctl_look_age_seconds", part="log") or 0.0) if name == _RECORDS else 0.0


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """As Prometheus' `histogram_quantile`: straight lines within a bucket, the highest bound beyond all.

    `buckets` maps upper bounds to how many values are not above; None where there are no values.
    """
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    wanted, low, below = share * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            inside = buckets[bound] - below
            if bound == float("inf") or not inside:
                return low
            return low + (bound - low) * (wanted - below) / inside
        low, below = bound, buckets[bound]
    return low


def _pulse(minute: _Span, lately: _Span) -> Pulse:
    now, decided = minute.now, minute.growth("decision", "fraudctl_decisions_total")
    delays = {float(bound): count for bound, count in minute.growth("le", _DELAY).items()}
    whole = sum(decided.values())
    events = lately.rate("partition", _RECORDS, role="transactions")
    ticks = lately.rate("kind", "fraudctl_ticker_ticks_total") or 0.0
    return Pulse(
        at_s=minute.to_s,
        events_s=None if events is None else max(0.0, events - ticks),
        decisions_s=lately.rate("partition", _RECORDS, role="decisions"),
        flagged=1 - decided.get("approve", 0.0) / whole if whole else None,
        p50_s=quantile(0.5, delays),
        p99_s=quantile(0.99, delays),
        lag=_whole(now.by("consumer", "fraudctl_consumer_lag_records")),
        partitions=_partitions(lately),
        job_wanted=_truth(now.one("fraudctl_job_wanted")),
        job_running=_truth(now.one("fraudctl_job_running")),
        checkpoints=_number(now.one("fraudctl_job_checkpoints")),
        failed_checkpoints=_number(now.one("fraudctl_job_failed_checkpoints")),
        checkpoint_age_s=now.one("fraudctl_checkpoint_age_seconds"),
        checkpoint_took_s=now.one("fraudctl_checkpoint_duration_seconds"),
        checkpoint_bytes=_number(now.one("fraudctl_checkpoint_size_bytes")),
        disk_free_bytes=_number(now.one("fraudctl_disk_free_bytes")),
        verified_s=now.one("fraudctl_verification_timestamp_seconds"),
        verified_faults=_whole(now.by("sink", "fraudctl_verification_faults")),
        stopped=_stopped(now.by("program", "fraudctl_program_running")),
    )


def _partitions(lately: _Span) -> tuple[Partition, ...]:
    there = lately.now.by("partition", _RECORDS, role="transactions")
    rates = lately.rates("partition", _RECORDS, role="transactions")
    lag = lately.now.by("partition", "fraudctl_consumer_lag_records", consumer="job")
    return tuple(Partition(int(n), rates.get(n), _number(lag.get(n))) for n in sorted(there, key=int))


def _stopped(running: Mapping[str, float]) -> tuple[str, ...] | None:
    return tuple(name for name, runs in running.items() if not runs) if running else None


def _whole(found: Mapping[str, float]) -> dict[str, int]:
    return {name: int(value) for name, value in found.items()}


def _number(value: float | None) -> int | None:
    return None if value is None else int(value)


def _truth(value: float | None) -> bool | None:
    return None if value is None else bool(value)
