"""Each sink's writer, and what the programs take."""

from __future__ import annotations

from typing import Final

from fraudctl.monitoring.panels import Dashboard
from fraudctl.monitoring.shapes import LOAD_LIMITS, ask, lines, quantile

_STORED: Final = "fraudctl_sink_delay_seconds"

BOARD: Final = Dashboard(
    "stores",
    "fraudctl: stores",
    (
        lines(
            "Time to store",
            "from a decision's append until each store had it; promised are 10 s for 99.9 %",
            "StoreSlow",
            "s",
            quantile("50", _STORED, "sink"),
            quantile("99", _STORED, "sink"),
            limits=(5, 10),
        ),
        lines(
            "Lag",
            "records that each writer has not committed",
            "StoreBehind",
            "short",
            ask("fraudctl_sink_lag_records", "{{sink}}"),
        ),
        lines(
            "Stored",
            "decisions a second that each store took",
            "StoreBehind",
            "ops",
            ask("rate(fraudctl_sink_written_total[1m])", "{{sink}}"),
            ask("rate(fraudctl_sink_superseded_total[1m])", "{{sink}} had it"),
        ),
        lines(
            "Batches",
            "decisions in one write",
            "StoreSlow",
            "short",
            ask("rate(fraudctl_sink_written_total[1m]) / rate(fraudctl_sink_batches_total[1m])", "{{sink}}"),
        ),
        lines(
            "Writing",
            "share of time that each writer waits for its store",
            "StoreSlow",
            "percentunit",
            ask("rate(fraudctl_sink_write_seconds_total[1m])", "{{sink}}"),
            limits=LOAD_LIMITS,
        ),
        lines(
            "Retries",
            'attempts a second that ended in "not now"',
            "StoreBehind",
            "ops",
            ask("rate(fraudctl_sink_retried_total[1m])", "{{sink}}"),
            limits=(0.1, 1),
        ),
        lines(
            "Dead letters",
            "decisions that a store refused for good",
            "DeadLetters",
            "short",
            ask("fraudctl_sink_dead_lettered_total", "{{sink}}"),
            limits=(1,),
        ),
        lines(
            "Waiting or paused",
            "1 while a writer waits for its store, or was paused",
            "StoreBehind",
            "short",
            ask("fraudctl_sink_waiting", "{{sink}} waits"),
            ask("fraudctl_sink_paused", "{{sink}} paused"),
            limits=(1,),
        ),
        lines(
            "Memory",
            "of each program",
            "ProgramDown",
            "bytes",
            ask("process_resident_memory_bytes", "{{program}}"),
        ),
        lines(
            "Processor",
            "share of one that each program takes",
            "ProgramDown",
            "percentunit",
            ask("rate(process_cpu_seconds_total[1m])", "{{program}}"),
            limits=LOAD_LIMITS,
        ),
    ),
)
