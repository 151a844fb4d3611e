"""Is money being watched: one screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fraudctl.monitoring.panels import Dashboard
from fraudctl.monitoring.shapes import ask, lines, quantile, stat

_DELAY: Final = "fraudctl_decision_delay_seconds"
_DECISION_LIMITS: Final = (0.25, 0.5)

BOARD: Final = Dashboard(
    "overview",
    "fraudctl: overview",
    (
        stat("Transactions", "sent a second", "fraudctl:events:rate1m", "NoDecisions", "ops"),
        stat("Decisions", "made a second", "fraudctl:decisions:rate1m", "NoDecisions", "ops"),
        replace(stat("Job", "1 while all its tasks run", "min(fraudctl_job_running)", "JobDown"), least=1),
        stat(
            "Furthest store",
            "how far the store furthest behind is",
            "max(fraudctl:sink_behind:seconds)",
            "StoreBehind",
            "s",
            (5, 10),
        ),
        stat(
            "Checkpoint",
            "age of the newest complete one",
            "max(fraudctl_checkpoint_age_seconds)",
            "CheckpointOld",
            "s",
            (60, 120),
        ),
        stat(
            "Alerts firing",
            "of these rules",
            'count(ALERTS{alertstate="firing"}) or vector(0)',
            "ProgramDown",
            "short",
            (1, 2),
        ),
        lines(
            "In and out",
            "transactions sent and decisions made a second",
            "NoDecisions",
            "ops",
            ask("fraudctl:events:rate1m", "transactions"),
            ask("fraudctl:decisions:rate1m", "decisions"),
        ),
        lines(
            "Flagged",
            "decisions to review and to block a second",
            "AlertRateHigh",
            "ops",
            ask(
                'sum by (decision) (rate(fraudctl_decisions_total{decision!="approve"}[1m]))', "{{decision}}"
            ),
        ),
        lines(
            "Time to decision",
            "from a transaction's own time to its decision; promised are 500 ms for 99.9 %",
            "DecisionsSlow",
            "s",
            quantile("50", _DELAY),
            quantile("99", _DELAY),
            limits=_DECISION_LIMITS,
        ),
        lines(
            "Behind",
            "how far each store is behind the log",
            "StoreBehind",
            "s",
            ask("fraudctl:sink_behind:seconds", "{{sink}}"),
            limits=(5, 10),
        ),
        lines(
            "Lag",
            "records that each reader has not committed",
            "ConsumerLagGrows",
            "short",
            ask("fraudctl:consumer_lag:records", "{{consumer}}"),
        ),
        lines(
            "Disk",
            "room left for the home",
            "DiskNearlyFull",
            "bytes",
            ask("fraudctl_disk_free_bytes", "free"),
            least=2e9,
        ),
    ),
)
