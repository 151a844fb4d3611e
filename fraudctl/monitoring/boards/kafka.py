"""Topics by partition, and who is behind."""

from __future__ import annotations

from typing import Final

from fraudctl.monitoring.panels import Dashboard
from fraudctl.monitoring.shapes import ask, lines

BOARD: Final = Dashboard(
    "kafka",
    "fraudctl: Kafka",
    (
        lines(
            "Transactions by partition",
            "records a second, ticks included",
            "ConsumerLagGrows",
            "ops",
            ask('rate(fraudctl_topic_records_total{role="transactions"}[1m])', "{{partition}}"),
        ),
        lines(
            "Decisions by partition",
            "records a second",
            "ConsumerLagGrows",
            "ops",
            ask('rate(fraudctl_topic_records_total{role="decisions"}[1m])', "{{partition}}"),
        ),
        lines(
            "Skew",
            "the busiest partition beside the mean: 1 is even",
            "ConsumerLagGrows",
            "short",
            ask(
                'max(rate(fraudctl_topic_records_total{role="decisions"}[5m]))'
                ' / avg(rate(fraudctl_topic_records_total{role="decisions"}[5m]))',
                "decisions",
            ),
            limits=(1.5, 2),
        ),
        lines(
            "Hottest keys",
            "part of a step's events that its hottest key has: fraudctl hotkeys names it",
            "HotKeys",
            "percentunit",
            ask("fraudctl_hottest_key_share", "{{hop}}"),
            limits=(0.1, 0.3),
        ),
        lines(
            "Lag by partition",
            "records that each reader has not committed",
            "ConsumerLagGrows",
            "short",
            ask("fraudctl_consumer_lag_records", "{{consumer}} {{partition}}"),
        ),
        lines(
            "Records held",
            "by topic",
            "DiskFills",
            "short",
            ask("sum by (topic) (fraudctl_topic_held_records)", "{{topic}}"),
        ),
        lines("Size", "on this disk", "DiskFills", "bytes", ask("fraudctl_topic_size_bytes", "{{topic}}")),
        lines(
            "Ticks",
            "silence put into the log",
            "NoDecisions",
            "ops",
            ask("rate(fraudctl_ticker_ticks_total[1m])", "{{kind}}"),
        ),
        lines(
            "Clock steps",
            "of the broker",
            "ClockStep",
            "short",
            ask("fraudctl_broker_clock_steps_total", "steps"),
            limits=(1,),
        ),
    ),
)
