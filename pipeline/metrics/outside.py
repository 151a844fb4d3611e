"""The figures of the exporter: what only a look at a stack from outside tells, one type for each look."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.metrics.kinds import Histogram, Labelled, counter, gauge, histogram


@dataclass(slots=True)
class LogFigures:
    """What Kafka says of the stack's topics and of who reads them."""

    records: Labelled = counter(
        "fraudctl_topic_records_total",
        "records ever appended to a partition, ticks included: its end offset. Roles: transactions, "
        "decisions, refusals, labels, shadow, rules, dead-letters",
        "topic",
        "role",
        "partition",
    )
    held: Labelled = gauge(
        "fraudctl_topic_held_records", "records that a partition still holds", "topic", "role", "partition"
    )
    size: Labelled = gauge(
        "fraudctl_topic_size_bytes",
        "what a topic takes on this machine's disk, where it lies there",
        "topic",
        "role",
    )
    lag: Labelled = gauge(
        "fraudctl_consumer_lag_records",
        "records that a consumer has not committed yet; the job commits with its checkpoints",
        "consumer",
        "partition",
    )


@dataclass(slots=True)
class JobFigures:
    """What Flink says of the live job."""

    wanted: bool | None = gauge("fraudctl_job_wanted", "whether the live job is wanted to run")
    running: bool | None = gauge("fraudctl_job_running", "whether every task of the live job runs")
    uptime_s: float | None = gauge("fraudctl_job_uptime_seconds", "time since the live job was submitted")
    checkpoints: float | None = gauge(
        "fraudctl_job_checkpoints", "checkpoints of this submission of the job that are complete"
    )
    failed_checkpoints: float | None = gauge(
        "fraudctl_job_failed_checkpoints",
        "checkpoints of this job that began and failed; of the last ten once tasks were restored",
    )
    checkpoint_age_s: float | None = gauge(
        "fraudctl_checkpoint_age_seconds",
        "age of the newest complete checkpoint; of the job while it has none",
    )
    checkpoint_interval_s: float | None = gauge(
        "fraudctl_checkpoint_interval_seconds", "how often the profile wants a checkpoint"
    )
    checkpoint_duration_s: float | None = gauge(
        "fraudctl_checkpoint_duration_seconds", "what the newest complete checkpoint took"
    )
    checkpoint_size: float | None = gauge(
        "fraudctl_checkpoint_size_bytes", "all state that the newest complete checkpoint refers to"
    )
    watermark_lag_s: float | None = gauge(
        "fraudctl_watermark_lag_seconds",
        "how far event time in the job is behind the clock; it grows while nobody sends",
    )
    hottest: Labelled = gauge(
        "fraudctl_hottest_key_share",
        "part of a step's events, 0 to 1, that its hottest key has, of the last minutes; which key that is "
        "says `fraudctl hotkeys`",
        "hop",
    )


@dataclass(slots=True)
class DecisionFigures:
    """What the decisions and refusals say that have been appended since the exporter started."""

    decisions: Labelled = counter(
        "fraudctl_decisions_total", "decisions by what they say: approve, review, block", "decision"
    )
    newest_s: float | None = gauge(
        "fraudctl_newest_decision_timestamp_seconds", "append time of the newest decision in the log"
    )
    hits: Labelled = counter(
        "fraudctl_rule_hits_total", "decisions in which a rule fired, by rule, at most 500 of them", "rule"
    )
    plugin_failures: Labelled = counter(
        "fraudctl_plugin_failures_total", "calls of a rule's plug-in that failed, by rule", "rule"
    )
    marked: Labelled = counter(
        "fraudctl_marked_decisions_total",
        "decisions with a mark: late, saturated (of a key with more events than are kept), warming (of "
        "windows that are not full yet), reused_id (of an id that was used before, for other content)",
        "mark",
    )
    currencies: Labelled = counter(
        "fraudctl_decisions_by_currency_total",
        "decisions by the currency their events name (none: by no name), at most 50 of them",
        "currency",
    )
    refused: Labelled = counter(
        "fraudctl_refused_total", "records refused, by the code of the reason", "reason"
    )
    delay: Histogram = histogram(
        "fraudctl_decision_delay_seconds",
        "time from a transaction's own time to its decision's append, of every eighth that was not late",
    )
    shadow: Labelled = counter(
        "fraudctl_shadow_decisions_total", "what the shadow of the live rule set decided", "decision"
    )
    clock_steps: int = counter(
        "fraudctl_broker_clock_steps_total",
        "times an append went back, or ran ahead of this machine's clock, by more than a second",
    )


@dataclass(slots=True)
class HomeFigures:
    """What lies in the home, and how much room there is."""

    disk_free: float | None = gauge("fraudctl_disk_free_bytes", "room left on the disk of the home")
    disk_size: float | None = gauge("fraudctl_disk_size_bytes", "size of the disk of the home")
    verified_s: float | None = gauge(
        "fraudctl_verification_timestamp_seconds", "when the stores were last compared with the log"
    )
    verified_faults: Labelled = gauge(
        "fraudctl_verification_faults", "differences without a reason that the last comparison left", "sink"
    )
    running: Labelled = gauge("fraudctl_program_running", "whether a program of the stack runs", "program")


@dataclass(slots=True)
class ExporterFigures:
    """How the looks of the exporter itself go."""

    looks: Labelled = gauge("fraudctl_look_seconds", "what the last look at a part took", "part")
    ages: Labelled = gauge(
        "fraudctl_look_age_seconds", "how long before this answer the look at a part was begun", "part"
    )
    failures: Labelled = counter(
        "fraudctl_look_failures_total", "looks at a part that failed or took too long", "part"
    )
