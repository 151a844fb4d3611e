"""Asks a process of ours for its figures, at `/metrics` on the loopback address, and reads the answer."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from pipeline.metrics.exposition import HOST, read
from pipeline.metrics.kinds import Histogram, values

PATIENCE_S: Final = 3.0


class Reading(NamedTuple):
    """One value: the name under which it is stored, its labels as (name, value), and the number."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def ask(port: int, patience_s: float = PATIENCE_S) -> list[Reading]:
    """All that is told on that port. Raises OSError where nobody answers in time, or not so."""
    connection = http.client.HTTPConnection(HOST, port, timeout=patience_s)
    try:
        connection.request("GET", "/metrics", headers={"Accept": "text/plain; version=0.0.4"})
        text = connection.getresponse().read().decode("utf-8")
        return [Reading(name, labels, value) for name, labels, value in read(text)]
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"port {port} tells no metrics: {error}") from error
    finally:
        connection.close()


def of(figures: Iterable[Any]) -> Iterator[Reading]:
    """The same of figures that are at hand; histograms are left out."""
    for one in figures:
        for metric, by_labels in values(one):
            for labels, value in by_labels.items():
                if not isinstance(value, Histogram):
                    yield Reading(metric.name, tuple(zip(metric.labels, labels, strict=True)), float(value))
