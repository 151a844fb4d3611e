"""Shows figures to who asks for `/metrics` in Prometheus' form; reads it, too.

That is on the loopback address, unless a program is alone in a container and told otherwise.

Figures are read when somebody asks, so a process that nobody watches spends nothing on it. One question is
answered at a time, and one that is not finished within `PATIENCE_S` is dropped: whoever asks and then hangs
holds back those who ask as well, and nothing else of the process.
"""

from __future__ import annotations

import logging
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, MetricsHandler, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from pipeline.metrics.kinds import BOUNDS_S, Histogram, Kind, Metric, values

HOST: Final = "127.0.0.1"
PATIENCE_S: Final = 5.0
_NEVER_S: Final = 3_600.0

log = logging.getLogger("metrics")

Look = Callable[[], Iterable[Any]]
"""Gives the figures as they are now: objects of types with metrics."""


def serve(port: int | None, look: Look, host: str = HOST) -> None:
    """Answer on that port from a thread of its own, until the process ends; no port, no answer.

    A port that cannot be had is said in the log: no process fails because it cannot be watched.
    """
    if port is None:
        return
    try:
        server = _Server((host, port), _handler(look))
    except OSError as error:
        log.warning("metrics cannot be shown on port %s: %s; the work goes on", port, error.strerror)
        return
    forever = threading.Thread(target=server.serve_forever, args=(_NEVER_S,), name="metrics", daemon=True)
    forever.start()


def registry(look: Look) -> CollectorRegistry:
    """The figures, and what the process takes of the machine."""
    made = CollectorRegistry()
    made.register(_Figures(look))
    ProcessCollector(registry=made)
    return made


def read(text: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Every value in what somebody showed: its name, its labels, the number. Raises ValueError."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, tuple(sample.labels.items()), sample.value


class _Figures:
    """What the library asks for all metrics."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def describe(self) -> tuple[()]:
        """Nothing is asked of anybody before the first question."""
        return ()

    def collect(self) -> Iterator[Family]:
        for figures in self._look():
            for metric, by_labels in values(figures):
                yield _family(metric, by_labels)


def _family(metric: Metric, by_labels: Any) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        histograms = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, one in by_labels.items():
            histograms.add_metric(labels, _buckets(one), one.sum_s)
        return histograms
    form = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = form(metric.name, metric.help, labels=metric.labels)
    for labels, value in by_labels.items():
        family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*map(floatToGoString, BOUNDS_S), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


def _handler(look: Look) -> type[MetricsHandler]:
    """The library's, with patience that ends."""
    return type("Handler", (MetricsHandler,), {"registry": registry(look), "timeout": PATIENCE_S})


class _Server(socketserver.TCPServer):
    """One question at a time; who goes away in the middle of the answer is no error."""

    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        log.debug("a question for metrics was not answered", exc_info=True)
