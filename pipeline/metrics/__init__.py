"""Every figure by one name: one type for each process, and a field of it for each metric.

From these types come the code that counts, what `/metrics` answers, `docs/metrics.md`, the dashboards and the
alert rules (`pipeline.metrics.catalogue` lists them all). Nothing here is named that is not counted. No label
has values without bound: never a user, an address or an event.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar, Final

from pipeline.metrics.kinds import Histogram, Labelled, counter, gauge, histogram

MEASURED_ONLY: Final = frozenset({"expired", "batches", "write_s", "newest_append_s", "delay"})
"""Fields of `SinkStatus` that its status file leaves out."""


@dataclass(slots=True)
class SinkStatus:
    """What a sink's writer tells of itself, counted since it started."""

    COMMON: ClassVar[tuple[str, ...]] = ("sink",)

    sink: str
    written: int = counter("fraudctl_sink_written_total", "decisions the store took")
    superseded: int = counter(
        "fraudctl_sink_superseded_total",
        "decisions whose event the store already had at an equal or greater position",
    )
    retried: int = counter("fraudctl_sink_retried_total", 'attempts that ended in "not now"')
    dead_lettered: int = counter(
        "fraudctl_sink_dead_lettered_total", "decisions put on the sink's dead-letter topic"
    )
    expired: int = counter(
        "fraudctl_sink_expired_total",
        "rows, indices or files that the store dropped for being older than its `retention`",
    )
    last_error: str | None = None
    """the latest "not now" or "never", in words"""
    mend: str | None = None
    """what may help against the "not now" that it is waiting out, where that is known"""
    paused: bool = gauge("fraudctl_sink_waiting", "whether it is waiting for its store", at_first=False)
    suspended: bool = gauge("fraudctl_sink_paused", "whether an operator has paused it", at_first=False)
    lag: int | None = gauge(
        "fraudctl_sink_lag_records",
        "records in the assigned partitions that are not committed yet, as the writer knows it",
    )
    updated_ms: int = 0
    """when this was written, epoch milliseconds"""
    failed_writes: int = counter(
        "fraudctl_sink_status_write_failures_total", "attempts to write the writer's status file that failed"
    )
    batches: int = counter("fraudctl_sink_batches_total", "batches the store took")
    write_s: float = counter(
        "fraudctl_sink_write_seconds_total", "time spent in writing batches and committing their offsets"
    )
    newest_append_s: float | None = gauge(
        "fraudctl_sink_newest_decision_timestamp_seconds",
        "append time of the newest decision that the store took",
    )
    delay: Histogram = histogram(
        "fraudctl_sink_delay_seconds", "time from a decision's append to the log until the store had it"
    )

    @property
    def hindrance(self) -> str:
        """What keeps the writer from its work, empty where nothing does. A pause asked for does not."""
        if self.paused:
            return f"the store takes nothing: {self.last_error}"
        return "" if self.lag is not None else "it has no place in its group, or the broker does not answer"

    def document(self) -> dict[str, object]:
        """What the status file has, as a JSON-able mapping."""
        return {name: value for name, value in asdict(self).items() if name not in MEASURED_ONLY}


@dataclass(slots=True)
class TickerFigures:
    """What the ticker has counted since it started."""

    ticks: Labelled = counter(
        "fraudctl_ticker_ticks_total",
        "ticks put into the transactions topic: silent (nothing came) or held (what came moved nothing)",
        "kind",
    )
    limited: int = counter(
        "fraudctl_ticker_limited_total",
        "ticks whose append time lay too far ahead of the ticker's clock to be believed, or behind another",
    )
    failures: int = counter("fraudctl_ticker_failures_total", "times the broker did not say its end offsets")


@dataclass(slots=True)
class KeeperFigures:
    """What the keeper knows of the live job, counted since the keeper started."""

    submissions: int = counter("fraudctl_keeper_submissions_total", "times the live job was given to Flink")
    resubmissions: int = counter(
        "fraudctl_keeper_resubmissions_total",
        "times it was given to Flink again though nobody had asked for that: it was gone, or had failed",
    )
    failures: int = counter(
        "fraudctl_keeper_failures_total", "times keeping the live job as it is wanted failed"
    )
    running: bool = gauge(
        "fraudctl_keeper_job_running", "whether every task of the live job runs", at_first=False
    )
    run: float | None = gauge("fraudctl_keeper_run", "the number of the run in force")
    stopped_plugins: int = gauge(
        "fraudctl_stopped_plugins", "plug-ins that never returned: they were stopped and are called no more"
    )
    rules_put_aside: float | None = gauge(
        "fraudctl_rules_put_aside",
        "records on the rules topic that nobody goes by: malformed, or not signed by whom the stack trusts",
    )


@dataclass(slots=True)
class NotifierFigures:
    """What the notifier has counted since it started."""

    notifications: Labelled = counter(
        "fraudctl_notifications_total",
        "messages by how they ended: sent, digest (many alerts in one), withdrawn (no longer an alert), "
        "refused (never), unknown (nobody can say whether it arrived)",
        "channel",
        "outcome",
    )
    retried: Labelled = counter(
        "fraudctl_notification_retries_total", 'attempts to send that ended in "not now"', "channel"
    )
