"""The catalogue as a whole: every metric, by who shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipeline.metrics import KeeperFigures, NotifierFigures, SinkStatus, TickerFigures, flink, outside
from pipeline.metrics.kinds import Kind, Metric, described


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one program shows. `program` is what its targets are called, a sink's writer by its kind."""

    program: str
    title: str
    metrics: tuple[Metric, ...]


def _of(*types: type[Any]) -> tuple[Metric, ...]:
    return tuple(metric for one in types for metric in described(one))


PROCESS: Final = (
    Metric("process_cpu_seconds_total", Kind.COUNTER, "processor time of the process"),
    Metric("process_resident_memory_bytes", Kind.GAUGE, "memory of the process"),
)
"""What every program of ours shows as well, Flink's apart."""

SCRAPE: Final = (
    Metric("up", Kind.GAUGE, "whether Prometheus could ask a target", ("program",)),
    Metric("scrape_duration_seconds", Kind.GAUGE, "what asking a target took", ("program",)),
)
"""What Prometheus adds of its own."""

CHAPTERS: Final = (
    Chapter(
        "exporter",
        "The stack seen from outside",
        _of(
            outside.LogFigures,
            outside.JobFigures,
            outside.DecisionFigures,
            outside.HomeFigures,
            outside.ExporterFigures,
        ),
    ),
    Chapter("sink-…", "Each writer of a sink", _of(SinkStatus)),
    Chapter("ticker", "The ticker", _of(TickerFigures)),
    Chapter("keeper", "The keeper", _of(KeeperFigures)),
    Chapter("notifier", "The notifier", _of(NotifierFigures)),
    Chapter("flink-jobmanager", "Flink's JobManager, by Flink's own names", flink.JOBMANAGER),
    Chapter("flink-taskmanager", "Flink's TaskManager, by Flink's own names", flink.TASKMANAGER),
    Chapter("", "Every program of ours, Flink's apart", PROCESS),
    Chapter("", "What Prometheus says of its targets", SCRAPE),
)


def metrics() -> Iterator[Metric]:
    """Every metric there is."""
    return (metric for chapter in CHAPTERS for metric in chapter.metrics)


def series() -> frozenset[str]:
    """Every name that a query may ask for."""
    return frozenset(name for metric in metrics() for name in metric.series)
