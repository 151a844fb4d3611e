"""The overview of the last hour as charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fraudctl.console import page
from fraudctl.console.page import Series
from fraudctl.views.pulse import Pulse

POINTS = 120
"""More are not seen in a chart of that width."""
_AGO = "minutes; 0 is now"

Lines = dict[str, Callable[[Pulse], float | None]]
"""the lines of a chart by their names, each by its value at a moment"""


def of(past: Sequence[Pulse]) -> list[tuple[str, str]]:
    """Titles and SVG; every text in it is escaped."""
    step = max(1, len(past) // POINTS)
    kept = [*past[::-step]][::-1]
    consumers = sorted({name for pulse in kept for name in pulse.lag})
    charts: dict[str, Lines] = {
        "Events and decisions a second": {
            "events": lambda p: p.events_s,
            "decisions": lambda p: p.decisions_s,
        },
        "Time to decision, ms": {"median": lambda p: _ms(p.p50_s), "99th percentile": lambda p: _ms(p.p99_s)},
        "Flagged, %": {"flagged": lambda p: p.flagged and 100 * p.flagged},
        "Records behind": {name: _lag(name) for name in consumers[:4]},
    }
    return [_chart(title, kept, values) for title, values in charts.items()]


def _chart(title: str, past: Sequence[Pulse], values: Lines) -> tuple[str, str]:
    now_s = past[-1].at_s
    series = [
        Series(name, [((p.at_s - now_s) / 60, y) for p in past if (y := value(p)) is not None])
        for name, value in values.items()
    ]
    return title, page.lines(title, _AGO, series)


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else 1000 * value_s


def _lag(consumer: str) -> Callable[[Pulse], float | None]:
    return lambda pulse: pulse.lag.get(consumer)
