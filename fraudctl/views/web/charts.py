"""The overview of the last hour as charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fraudctl.console import page
from fraudctl.console.page import Series
from fraudctl.views.pulse import Pulse

POINTS = 120
"""More are not seen in a chart of that width."""
_AGO = "minutes ago (negative)"


def of(past: Sequence[Pulse]) -> list[tuple[str, str]]:
    """Titles and SVG; every text in it is escaped."""
    step = max(1, len(past) // POINTS)
    kept = [*past[::-step]][::-1]
    consumers = sorted({name for pulse in kept for name in pulse.lag})
    return [
        _chart("Events and decisions a second", kept, {
            "events": lambda p: p.events_s, "decisions": lambda p: p.decisions_s}),
        _chart("Time to decision, ms", kept, {
            "median": lambda p: _ms(p.p50_s), "99th percentile": lambda p: _ms(p.p99_s)}),
        _chart("Flagged, %", kept, {"flagged": lambda p: p.flagged and 100 * p.flagged}),
        _chart("Records behind", kept, {name: _lag(name) for name in consumers[:4]}),
    ]  # fmt: skip


def _chart(
    title: str, past: Sequence[Pulse], values: dict[str, Callable[[Pulse], float | None]]
) -> tuple[str, str]:
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
