"""Shows figures to who asks for `/metrics`, on the loopback address, in Prometheus' form; reads it, too.

Figures are read when somebody asks, so a process that nobody watches spends nothing on it. Who asks for them
without pause, or hangs, harms nobody (`pipeline.metrics.crowd`); a peer that says nothing, or does not read
the answer, is dropped after `PATIENCE_S`. Who probes the process hears at `/healthz` that it goes on and at
`/readyz` that its work succeeds, each with 200 or with 503 and the reason, also while figures are looked for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from itertools import accumulate
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from pipeline.metrics.crowd import Server, Turns
from pipeline.metrics.kinds import BOUNDS_S, Histogram, Kind, Metric, values
from pipeline.metrics.pulse import Pulse

HOST: Final = "127.0.0.1"
PATIENCE_S: Final = 5.0
_NEVER_S: Final = 3_600.0

log = logging.getLogger("metrics")

Look = Callable[[], Iterable[Any]]
"""Gives the figures as they are now: objects of types with metrics."""


def serve(port: int | None, look: Look, pulse: Pulse | None = None, host: str = HOST) -> None:
    """Answer on that port from threads of its own, until the process ends; no port, no answer.

    A port that cannot be had is said in the log: no process fails because it cannot be watched. Without a
    pulse the process is well as long as it answers.
    """
    if port is None:
        return
    try:
        server = Server((host, port), _handler(look, pulse, host == HOST))
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
        self._look, self._turns = look, Turns()

    def describe(self) -> tuple[()]:
        """Nothing is asked of anybody before the first question."""
        return ()

    def collect(self) -> Iterator[Family]:
        """The turn lasts until the last of them is written down."""
        with self._turns:
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


def _handler(look: Look, pulse: Pulse | None, is_here: bool) -> type[_Handler]:
    """One for this process, with patience that ends."""
    probes = {} if pulse is None else {"/healthz": pulse.unwell, "/readyz": pulse.unready}
    told = {"registry": registry(look), "timeout": PATIENCE_S, "probes": probes, "is_here": is_here}
    return type("Handler", (_Handler,), told)


class _Handler(MetricsHandler):
    """The library's, which answers probes as well."""

    probes: ClassVar[dict[str, Callable[[], str]]] = {}
    is_here: ClassVar[bool] = True
    """whether this machine alone is heard, which a stranger's page in a browser here may try to be"""
    server: Server

    def do_GET(self) -> None:
        self.server.asked(self.request)
        if self.is_here and not all(map(_is_here, self.headers.get_all("Host", ()))):
            return self._say(HTTPStatus.MISDIRECTED_REQUEST, "this is not the address of this program")
        if self.path not in ("/healthz", "/readyz"):
            del self.headers[
                "Accept-Encoding"
            ]  # to compress costs more than to send, and is in nobody's turn
            return super().do_GET()
        reason = self.probes[self.path]() if self.path in self.probes else ""
        return self._say(HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK, reason or "ok")

    def _say(self, status: HTTPStatus, words: str) -> None:
        said = f"{words}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


def _is_here(host: str) -> bool:
    """Whether a name is that of this machine's loopback address by its very text.

    A stranger's name that leads to 127.0.0.1 (DNS rebinding) would let a stranger's script read what is told.
    """
    with suppress(ValueError):
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    return False
