"""What a metric is, and how one is declared: a field of a process's type, with its name and one sentence.

The value of the field is the figure itself, so counting is `figures.ticks += 1`. A labelled figure is a
mapping from the labels' values to numbers. Knows no library: `pipeline.metrics.exposition` shows them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the histograms' buckets in seconds; those of both promises, 0.5 and 10, are among them."""

Labelled = dict[tuple[str, ...], float]
"""A figure by the values of its labels."""

_METRIC: Final = "metric"


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Unit(StrEnum):
    """In what a metric is counted; the end of its name says so."""

    NUMBER = "number"
    SECONDS = "seconds"
    MOMENT = "seconds since 1970"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the catalogue. `labels` are the names alone; no value of theirs may be without bound."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit:
        stem = self.name.removesuffix("_total")
        if stem.endswith("_timestamp_seconds"):
            return Unit.MOMENT
        if stem.endswith("_seconds"):
            return Unit.SECONDS
        return Unit.BYTES if stem.endswith("_bytes") else Unit.NUMBER

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which its values are stored."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(self.name + end for end in ("_bucket", "_sum", "_count"))
        return (self.name,)


@dataclass(slots=True)
class Histogram:
    """How many values there were up to each of `BOUNDS_S`, and beyond; and their sum, in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Count a value that came so many times; one below zero, of clocks that disagree, as zero."""
        value = max(0.0, seconds)
        self.counts[bisect_left(BOUNDS_S, value)] += times
        self.sum_s += value * times


def counter(name: str, about: str, *labels: str) -> Any:
    """A field that only grows while its process lives."""
    return _field(Metric(name, Kind.COUNTER, about, labels), 0)


def gauge(name: str, about: str, *labels: str, at_first: float | None = None) -> Any:
    """A field that goes up and down; without labels it is None as long as it is not known."""
    return _field(Metric(name, Kind.GAUGE, about, labels), at_first)


def histogram(name: str, about: str) -> Any:
    """A field that is a `Histogram` of seconds."""
    metric = Metric(name, Kind.HISTOGRAM, about)
    return field(default_factory=Histogram, metadata={_METRIC: metric})


def described(figures: type[Any]) -> tuple[Metric, ...]:
    """The metrics that a type declares, each with the labels that all of the type have (its `COMMON`)."""
    return tuple(metric for _, metric in _declared(figures))


def values(figures: Any) -> Iterator[tuple[Metric, Mapping[tuple[str, ...], Any]]]:
    """Every metric of some figures with its values by all of its labels; none where it is not known."""
    kind = type(figures)
    common = tuple(str(getattr(figures, name)) for name in getattr(kind, "COMMON", ()))
    for name, metric in _declared(kind):
        value = getattr(figures, name)
        # a copy, since another thread may count on
        many = dict(value) if isinstance(value, dict) else {} if value is None else {(): value}
        yield metric, {common + labels: one for labels, one in many.items()}


def _declared(figures: type[Any]) -> tuple[tuple[str, Metric], ...]:
    """Each with its field's name; kept, for every answer goes through all of them."""
    if figures not in _DECLARED:
        common: tuple[str, ...] = getattr(figures, "COMMON", ())
        found = ((one.name, one.metadata.get(_METRIC)) for one in fields(figures))
        _DECLARED[figures] = tuple(
            (name, Metric(m.name, m.kind, m.help, common + m.labels)) for name, m in found if m
        )
    return _DECLARED[figures]


_DECLARED: Final[dict[type[Any], tuple[tuple[str, Metric], ...]]] = {}


def _field(metric: Metric, at_first: float | None) -> Any:
    if metric.labels:
        return field(default_factory=dict, metadata={_METRIC: metric})
    return field(default=at_first, metadata={_METRIC: metric})
