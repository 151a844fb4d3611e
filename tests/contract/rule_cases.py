"""For every alert a history in which it fires and one in which it is silent, as promtool replays them.

Series are written as promtool reads them: `0+50x60` is 0, 50, 100 … in steps of the case's interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Series = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """What was measured every `interval`, when it is looked at, and how many alerts fire then."""

    series: Series
    at: str
    firing: int = 0
    interval: str = "10s"


def sent(per_step: float, steps: int = 90) -> dict[str, str]:
    return {'fraudctl_topic_records_total{role="transactions",program="exporter"}': f"0+{per_step}x{steps}"}


def decided(per_step: float, steps: int = 90) -> dict[str, str]:
    return {'fraudctl_topic_records_total{role="decisions",program="exporter"}': f"0+{per_step}x{steps}"}


def refused(per_step: float, steps: int = 90) -> dict[str, str]:
    return {'fraudctl_topic_records_total{role="refusals",program="exporter"}': f"0+{per_step}x{steps}"}


def said(decision: str, values: str) -> dict[str, str]:
    return {f'fraudctl_decisions_total{{decision="{decision}"}}': values}


def marked(mark: str, values: str) -> dict[str, str]:
    return {f'fraudctl_marked_decisions_total{{mark="{mark}"}}': values}


def failures(rule: str, values: str) -> dict[str, str]:
    return {f'fraudctl_plugin_failures_total{{rule="{rule}"}}': values}


def delays(name: str, bound: str, good: str, all_: str, labels: str = "") -> dict[str, str]:
    before = f"{labels}," if labels else ""
    return {f'{name}_bucket{{{before}le="{bound}"}}': good, f"{name}_count{{{labels}}}": all_}


def one(name: str, values: str, at: str = "10m", firing: int = 0, interval: str = "10s") -> Case:
    return Case({name: values}, at, firing, interval)


DECISION, STORE = "fraudctl_decision_delay_seconds", "fraudctl_sink_delay_seconds"
AGE, SIZE = "fraudctl_checkpoint_age_seconds", "fraudctl_checkpoint_size_bytes"
WANTED, RUNNING = "fraudctl_job_wanted", "fraudctl_job_running"
EVERY = {"fraudctl_checkpoint_interval_seconds": "10x90"}
FREE, DISK = "fraudctl_disk_free_bytes", {"fraudctl_disk_size_bytes": "1e11x400"}
LAG = 'fraudctl_consumer_lag_records{consumer="job",partition="0"}'
NEWEST = "fraudctl_newest_decision_timestamp_seconds"
STORED = 'fraudctl_sink_newest_decision_timestamp_seconds{sink="redis"}'
FLAGGED_A_THIRD = said("approve", "0+200x400") | said("block", "0+100x400")
BLINDED = said("approve", "0+200x400") | said("block", "0+100x288 28800x112")
ATTACKED = said("approve", "0+200x400") | said("block", "0+1x288 388+200x112")
ALWAYS = "0x90"
RESTARTS = 'flink_jobmanager_job_numRestarts{job_name="fraudctl_live"}'
FIRST_START = {
    "fraudctl_keeper_submissions_total": "_x5 0x5 1x80",
    "fraudctl_keeper_resubmissions_total": "_x5 0x85",
}

CASES: Mapping[str, tuple[Case, Case]] = {
    "NoDecisions": (
        Case(sent(50) | decided(0) | refused(0), "5m", 1),
        Case(sent(50) | decided(50) | refused(0), "5m"),
    ),
    "JobDown": (
        Case({WANTED: "1x90", RUNNING: "1x10 0x80"}, "5m", 1),
        Case({WANTED: "0x90", RUNNING: "0x90"}, "5m"),
    ),
    "JobRestarts": (
        Case({RESTARTS: "0x20 1x70", "fraudctl_keeper_resubmissions_total": "0x20 1x70"}, "5m", 2),
        Case({RESTARTS: "_x5 3x20 0x60", **FIRST_START}, "5m"),
    ),
    "ProgramDown": (
        Case({'up{program="a"}': "0x90", 'fraudctl_program_running{program="b"}': "0x90"}, "5m", 2),
        Case({'up{program="a"}': "1x20 0x3 1x70", 'fraudctl_program_running{program="b"}': "1x90"}, "5m"),
    ),
    "LookFails": (
        one('fraudctl_look_failures_total{part="job"}', "0+1x90", firing=1),
        one('fraudctl_look_failures_total{part="job"}', "0x20 2x70"),
    ),
    "ConsumerLagGrows": (one(LAG, "0+1000x90", firing=1), one(LAG, "50000x90")),
    "StoreBehind": (
        Case({NEWEST: "1000+10x90", STORED: "1000x90"}, "10m", 1),
        Case({NEWEST: "1000+10x90", STORED: "995+10x90"}, "10m"),
    ),
    "WriterPaused": (
        one('fraudctl_sink_paused{sink="redis"}', "1x300", "45m", 1),
        one('fraudctl_sink_paused{sink="redis"}', "1x30 0x270", "45m"),
    ),
    "DecisionsSlow": (
        Case(delays(DECISION, "0.5", "0+90x400", "0+100x400"), "60m", 1),
        Case(delays(DECISION, "0.5", "0+9999x400", "0+10000x400"), "60m"),
    ),
    "DecisionsOftenSlow": (
        Case(delays(DECISION, "0.5", "0+99x400", "0+100x400"), "60m", 1),
        Case(delays(DECISION, "0.5", "0+9999x400", "0+10000x400"), "60m"),
    ),
    "StoreSlow": (
        Case(delays(STORE, "10.0", "0+90x400", "0+100x400", 'sink="redis"'), "60m", 1),
        Case(delays(STORE, "10.0", "0+10000x400", "0+10000x400", 'sink="redis"'), "60m"),
    ),
    "StoreOftenSlow": (
        Case(delays(STORE, "10.0", "0+99x400", "0+100x400", 'sink="redis"'), "60m", 1),
        Case(delays(STORE, "10.0", "0+9999x400", "0+10000x400", 'sink="redis"'), "60m"),
    ),
    "CheckpointOld": (
        Case({AGE: "0+10x90", WANTED: "1x90"} | EVERY, "10m", 1),
        Case({AGE: "10x90", WANTED: "1x90"} | EVERY, "10m"),
    ),
    "CheckpointFails": (
        one("fraudctl_job_failed_checkpoints", "0+1x90", firing=1),
        one("fraudctl_job_failed_checkpoints", "4x90"),
    ),
    "StateGrows": (one(SIZE, "4e8+3e7x400", "10h", 1, "5m"), one(SIZE, "6e8+1e6x400", "10h", interval="5m")),
    "AlertRateHigh": (Case(ATTACKED, "26h", 1, "5m"), Case(FLAGGED_A_THIRD, "26h", interval="5m")),
    "AlertRateLow": (Case(BLINDED, "26h", 1, "5m"), Case(FLAGGED_A_THIRD, "26h", interval="5m")),
    "ManyRefused": (Case(sent(100) | refused(10), "10m", 1), Case(sent(100) | refused(1), "10m")),
    "ManyLate": (
        Case(
            said("approve", "0+10x180") | {'fraudctl_marked_decisions_total{mark="late"}': "0+5x180"},
            "25m",
            1,
        ),
        Case(
            said("approve", "0+10x180") | {'fraudctl_marked_decisions_total{mark="late"}': "0+1x180"}, "25m"
        ),
    ),
    "TooLate": (
        one('flink_taskmanager_job_task_operator_too_late{job_name="fraudctl_live"}', "0x20 7x70", "5m", 1),
        one('flink_taskmanager_job_task_operator_too_late{job_name="fraudctl_live"}', "7x90"),
    ),
    "HotKeys": (
        Case(
            said("approve", "0+9x180") | {'fraudctl_marked_decisions_total{mark="saturated"}': "0+1x180"},
            "25m",
            1,
        ),
        Case(
            said("approve", "0+9x180") | {'fraudctl_marked_decisions_total{mark="saturated"}': "0x180"}, "25m"
        ),
    ),
    "PluginFails": (
        Case(failures("model", "0+1x90") | failures("fails_once", "_x40 1x50"), "10m", 2),
        one('fraudctl_plugin_failures_total{rule="model"}', "3x90"),
    ),
    "PluginStopped": (
        one("fraudctl_stopped_plugins", "1x90", firing=1),
        one("fraudctl_stopped_plugins", ALWAYS),
    ),
    "RulesPutAside": (
        one("fraudctl_rules_put_aside", "0x30 1x60", firing=1),
        one("fraudctl_rules_put_aside", "1x90"),
    ),
    "DeadLetters": (
        one('fraudctl_sink_dead_lettered_total{sink="redis"}', "0x30 2x60", firing=1),
        one('fraudctl_sink_dead_lettered_total{sink="redis"}', "2x90"),
    ),
    "NotificationsLost": (
        one('fraudctl_notifications_total{channel="slack",outcome="unknown"}', "0x30 1x60", firing=1),
        one('fraudctl_notifications_total{channel="slack",outcome="sent"}', "0+1x90"),
    ),
    "ClockStep": (
        one("fraudctl_broker_clock_steps_total", "0x30 1x60", firing=1),
        one("fraudctl_broker_clock_steps_total", "1x90"),
    ),
    "DiskNearlyFull": (Case({FREE: "1e9x90"} | DISK, "10m", 1), Case({FREE: "5e10x90"} | DISK, "10m")),
    "DiskFills": (Case({FREE: "5e10-1e8x400"} | DISK, "60m", 1), Case({FREE: "5e10-1e5x400"} | DISK, "60m")),
    "StoreDiffers": (
        one('fraudctl_verification_faults{sink="redis"}', "3x90", firing=1),
        one('fraudctl_verification_faults{sink="redis"}', ALWAYS),
    ),
}
