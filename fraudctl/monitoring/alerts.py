"""The alert rules. What each means and what to do is in `docs/runbook.md`, one entry an alert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypedDict

RUNBOOK: Final = "docs/runbook.md"

_FAST, _SLOW = 14.4, 6
"""How many times faster than allowed a promise may be broken: the budget of 30 days is gone in two days at
the first, in five at the second (Google, The Site Reliability Workbook, chapter 5)."""
_ALLOWED: Final = 0.001


Rule = TypedDict(
    "Rule", {"alert": str, "expr": str, "for": str, "labels": dict[str, str], "annotations": dict[str, str]}
)
"""one rule as Prometheus reads it"""


class Severity(StrEnum):
    PAGE = "page"
    """somebody is woken: money is not being watched, or soon will not be"""
    TICKET = "ticket"
    """it is looked at on the next working day"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule: it fires when the expression has been true for so long."""

    name: str
    expression: str
    severity: Severity
    summary: str
    after: str = "0s"

    @property
    def heading(self) -> str:
        """What its entry in the runbook is called: `NoDecisions` is `No decisions`."""
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", self.name)
        return words.capitalize()

    @property
    def anchor(self) -> str:
        return self.heading.lower().replace(" ", "-")

    def document(self, runbook: str) -> Rule:
        """As Prometheus reads it."""
        notes = {"summary": self.summary, "runbook_url": f"{runbook}#{self.anchor}"}
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.after,
            "labels": {"severity": str(self.severity)},
            "annotations": notes,
        }


def _burn(ratio: str, windows: tuple[str, str], factor: float, enough: str) -> str:
    """Too many failures over a long window and, so that it ends when they do, over a short one."""
    limit = f"{factor * _ALLOWED:g}"
    long, short = windows
    return f"({ratio}{long} > {limit} and {ratio}{short} > {limit}) and {enough}"


_ENOUGH_DECISIONS: Final = "on() sum(increase(fraudctl_decision_delay_seconds_count[1h])) > 100"
_ENOUGH_STORED: Final = "on (sink) sum by (sink) (increase(fraudctl_sink_delay_seconds_count[1h])) > 100"
_PAGE, _TICKET = Severity.PAGE, Severity.TICKET

ALERTS: Final = (
    Alert(
        "NoDecisions",
        "fraudctl:events:rate1m - fraudctl:refused:rate1m > 0.2 and fraudctl:decisions:rate1m == 0",
        _PAGE,
        "transactions come, and none is decided",
        "30s",
    ),
    Alert(
        "JobDown",
        "fraudctl_job_wanted == 1 and fraudctl_job_running == 0",
        _PAGE,
        "the live job is wanted and does not run",
        "1m",
    ),
    Alert(
        "JobRestarts",
        "increase(flink_jobmanager_job_numRestarts[5m]) > 0"
        " or increase(fraudctl_keeper_resubmissions_total[5m]) > 0",
        _TICKET,
        "the live job was started anew within the last five minutes",
    ),
    Alert(
        "ProgramDown",
        "up == 0 or fraudctl_program_running == 0",
        _PAGE,
        "{{ $labels.program }} does not run, or does not answer",
        "1m",
    ),
    Alert(
        "LookFails",
        "increase(fraudctl_look_failures_total[5m]) > 5",
        _TICKET,
        "the exporter cannot ask {{ $labels.part }}: its figures are missing",
        "1m",
    ),
    Alert(
        "ConsumerLagGrows",
        "fraudctl:consumer_lag:min1m > 1000"
        " and fraudctl:consumer_lag:min1m > 1.2 * (fraudctl:consumer_lag:min1m offset 2m)",
        _PAGE,
        "{{ $labels.consumer }} is {{ $value }} records behind, and the lag grows",
        "1m",
    ),
    Alert(
        "StoreBehind",
        "fraudctl:sink_behind:seconds > 10 or fraudctl_sink_waiting == 1",
        _PAGE,
        "the store {{ $labels.sink }} has not had the newest decisions for two minutes",
        "2m",
    ),
    Alert(
        "WriterPaused",
        "fraudctl_sink_paused == 1",
        _TICKET,
        "the writer of {{ $labels.sink }} has been paused for half an hour",
        "30m",
    ),
    Alert(
        "DecisionsSlow",
        _burn("fraudctl:decisions_slow:ratio", ("1h", "5m"), _FAST, _ENOUGH_DECISIONS),
        _PAGE,
        "{{ $value | humanizePercentage }} of decisions took longer than 500 ms",
        "1m",
    ),
    Alert(
        "DecisionsOftenSlow",
        _burn("fraudctl:decisions_slow:ratio", ("6h", "30m"), _SLOW, _ENOUGH_DECISIONS),
        _TICKET,
        "{{ $value | humanizePercentage }} of decisions of six hours took longer than 500 ms",
        "5m",
    ),
    Alert(
        "StoreSlow",
        _burn("fraudctl:store_slow:ratio", ("1h", "5m"), _FAST, _ENOUGH_STORED),
        _PAGE,
        "{{ $value | humanizePercentage }} of decisions reached {{ $labels.sink }} later than 10 s",
        "1m",
    ),
    Alert(
        "StoreOftenSlow",
        _burn("fraudctl:store_slow:ratio", ("6h", "30m"), _SLOW, _ENOUGH_STORED),
        _TICKET,
        "{{ $value | humanizePercentage }} of six hours' decisions came to {{ $labels.sink }} after 10 s",
        "5m",
    ),
    Alert(
        "CheckpointOld",
        "fraudctl_checkpoint_age_seconds > 60 + 6 * fraudctl_checkpoint_interval_seconds"
        " and fraudctl_job_wanted == 1",
        _PAGE,
        "the newest checkpoint is {{ $value | humanizeDuration }} old",
        "1m",
    ),
    Alert(
        "CheckpointFails",
        "delta(fraudctl_job_failed_checkpoints[10m]) > 2",
        _TICKET,
        "checkpoints of the live job fail",
    ),
    Alert(
        "StateGrows",
        "fraudctl_checkpoint_size_bytes > 5e8"
        " and fraudctl_checkpoint_size_bytes > 2 * (fraudctl_checkpoint_size_bytes offset 6h)",
        _TICKET,
        "the job's state has doubled within six hours, to {{ $value | humanize1024 }}B",
        "10m",
    ),
    Alert(
        "AlertRateHigh",
        "fraudctl:flagged:ratio1h > 3 * (fraudctl:flagged:ratio1h offset 1d)"
        " and fraudctl:flagged:ratio1h > 0.01",
        _PAGE,
        "{{ $value | humanizePercentage }} of transactions are flagged, three times yesterday's share",
        "5m",
    ),
    Alert(
        "AlertRateLow",
        "fraudctl:flagged:ratio1h < 0.2 * (fraudctl:flagged:ratio1h offset 1d)"
        " and (fraudctl:flagged:rate1h offset 1d) * 3600 > 20",
        _PAGE,
        "{{ $value | humanizePercentage }} of transactions are flagged, a fifth of yesterday's share or less",
        "15m",
    ),
    Alert(
        "ManyRefused",
        "fraudctl:refused:rate1m > 0.05 * fraudctl:events:rate1m",
        _TICKET,
        "more than a twentieth of what is sent is refused",
        "5m",
    ),
    Alert(
        "ManyLate",
        'sum(rate(fraudctl_marked_decisions_total{mark="late"}[10m]))'
        " > 0.2 * sum(rate(fraudctl_decisions_total[10m]))",
        _TICKET,
        "more than a fifth of transactions are late",
        "10m",
    ),
    Alert(
        "TooLate",
        'sum(increase(flink_taskmanager_job_task_operator_too_late{job_name="fraudctl_live"}[10m])) > 0',
        _PAGE,
        "{{ $value | humanize }} transactions came later than is allowed: their windows may lack some",
    ),
    Alert(
        "HotKeys",
        'sum(rate(fraudctl_marked_decisions_total{mark="saturated"}[10m]))'
        " > 0.01 * sum(rate(fraudctl_decisions_total[10m]))",
        _TICKET,
        "more than a hundredth of decisions are on keys with more events than are kept",
        "10m",
    ),
    Alert(
        "PluginFails",
        "sum by (rule) (increase(fraudctl_plugin_failures_total[5m])) > 0"
        # a counter appears with its first value, of which no increase is seen
        " or (sum by (rule) (fraudctl_plugin_failures_total)"
        " unless sum by (rule) (fraudctl_plugin_failures_total offset 5m))",
        _PAGE,
        "the plug-in of rule {{ $labels.rule }} fails: the rule does not fire",
        "1m",
    ),
    Alert(
        "PluginStopped",
        "fraudctl_stopped_plugins > 0",
        _TICKET,
        "{{ $value }} plug-ins never returned: they were stopped and are called no more",
    ),
    Alert(
        "RulesPutAside",
        "delta(fraudctl_rules_put_aside[10m]) > 0",
        _PAGE,
        "somebody wrote on the rules topic what is malformed or not signed; what is in force goes on",
    ),
    Alert(
        "DeadLetters",
        "increase(fraudctl_sink_dead_lettered_total[10m]) > 0",
        _PAGE,
        "the store {{ $labels.sink }} refuses decisions for good",
    ),
    Alert(
        "NotificationsLost",
        'increase(fraudctl_notifications_total{outcome=~"unknown|refused"}[30m]) > 0',
        _PAGE,
        "notifications on {{ $labels.channel }} ended as {{ $labels.outcome }}",
    ),
    Alert(
        "ClockStep",
        "increase(fraudctl_broker_clock_steps_total[10m]) > 0",
        _PAGE,
        "the broker's clock has stepped by more than a second",
    ),
    Alert(
        "DiskNearlyFull",
        "fraudctl_disk_free_bytes < 2e9 or fraudctl_disk_free_bytes / fraudctl_disk_size_bytes < 0.05",
        _PAGE,
        "the disk of the home is nearly full",
        "1m",
    ),
    Alert(
        "DiskFills",
        "predict_linear(fraudctl_disk_free_bytes[1h], 14400) < 0",
        _TICKET,
        "at the pace of the last hour the disk of the home is full within four",
        "15m",
    ),
    Alert(
        "StoreDiffers",
        "fraudctl_verification_faults > 0",
        _PAGE,
        "the last comparison found {{ $value }} differences between {{ $labels.sink }} and the log",
    ),
)
