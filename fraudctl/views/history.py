"""What went before one looked oneself, as a stack's Prometheus knows it, where the stack has one."""

from __future__ import annotations

import json
import math
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final

from fraudctl.home.stack import Stack
from fraudctl.views.pulse import Pulse
from pipeline.connections.proxies import open_url

_PATIENCE_S: Final = 3.0
_DECIDED: Final = "sum(rate(fraudctl_decisions_total[1m]))"
_APPROVED: Final = 'sum(rate(fraudctl_decisions_total{decision="approve"}[1m]))'
_DELAYS: Final = "sum by (le) (rate(fraudctl_decision_delay_seconds_bucket[1m]))"
FIGURES: Final[Mapping[str, str]] = {
    "events_s": "fraudctl:events:rate1m",
    "decisions_s": "fraudctl:decisions:rate1m",
    "flagged": f"1 - {_APPROVED} / ({_DECIDED} > 0)",
    "p50_s": f"histogram_quantile(0.5, {_DELAYS})",
    "p99_s": f"histogram_quantile(0.99, {_DELAYS})",
}
"""Fields of a pulse, and how each is asked for."""
LAG: Final = "fraudctl:consumer_lag:records"


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from the first to the last, so many seconds apart; seconds since 1970."""

    first_s: float
    last_s: float
    every_s: float


def of(stack: Stack, span: Span) -> list[Pulse]:
    """A pulse for each moment that something is known of, in their order, with the figures that charts show.

    None where there is no Prometheus, or it does not answer well in three seconds.
    """
    address = stack.addresses.get("prometheus")
    if address is None:
        return []
    with suppress(OSError, HTTPException, ValueError, LookupError, TypeError):
        return pulses(lambda query: _asked(address, query, span))
    return []


def pulses(ask: Callable[[str], list[Any]]) -> list[Pulse]:
    """Of what Prometheus answers to a query over a span: its series, each with labels and values."""
    found: dict[float, dict[str, Any]] = {}
    for name, query in FIGURES.items():
        for at_s, value in _values(ask(query)):
            found.setdefault(at_s, {})[name] = value
    for series in ask(LAG):
        for at_s, value in _values([series]):
            lag = found.setdefault(at_s, {}).setdefault("lag", {})
            lag[series["metric"]["consumer"]] = int(value)
    return [Pulse(at_s, **found[at_s]) for at_s in sorted(found)]


def _values(series: list[Any]) -> Iterator[tuple[float, float]]:
    for one in series:
        for at_s, text in one["values"]:
            if math.isfinite(value := float(text)):
                yield float(at_s), value


def _asked(address: str, query: str, span: Span) -> list[Any]:
    moments = {"start": span.first_s, "end": span.last_s, "step": span.every_s}
    words = urllib.parse.urlencode({"query": query, **moments})
    with open_url(f"http://{address}/api/v1/query_range?{words}", _PATIENCE_S) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
        return found
