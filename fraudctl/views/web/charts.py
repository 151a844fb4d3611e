"""The overview of the last hour as charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from fraudctl.console import page
from fraudctl.console.page import Series
from fraudctl.views.pulse import Pulse

POINTS = 120
"""More are not seen in a chart of that width."""
SHOWN = 4
"""Lines of a chart; more are not told apart by their colours."""
_LONG = 3
"""times as long as between two looks: then nobody looked"""
_AGO = "minutes; 0 is now"


def of(past: Sequence[Pulse]) -> list[tuple[str, str]]:
    """Titles and SVG; every text in it is escaped."""
    step = max(1, len(past) // POINTS)
    kept = _with_gaps([*past[::-step]][::-1])
    furthest = _furthest(past)
    return [
        _chart("Events and decisions a second", kept, {
            "events": lambda p: p.events_s, "decisions": lambda p: p.decisions_s}),
        _chart("Time to decision, ms", kept, {
            "median": lambda p: _ms(p.p50_s), "99th percentile": lambda p: _ms(p.p99_s)}),
        _chart("Flagged, %", kept, {"flagged": lambda p: p.flagged and 100 * p.flagged}),
        _chart(_behind(furthest), kept, {name: _lag(name) for name in sorted(furthest[:SHOWN])}),
    ]  # fmt: skip


def _with_gaps(past: Sequence[Pulse]) -> list[Pulse]:
    """With a moment of which nothing is known wherever nobody looked for long."""
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(past)]
    usual_s = median(gaps or [0.0])
    found = [*past[:1]]
    for gap_s, pulse in zip(gaps, past[1:], strict=True):
        found += [Pulse(pulse.at_s - gap_s / 2)] * (gap_s > _LONG * usual_s) + [pulse]
    return found


def _chart(
    title: str, past: Sequence[Pulse], values: dict[str, Callable[[Pulse], float | None]]
) -> tuple[str, str]:
    now_s = past[-1].at_s
    series = [
        Series(name, [((p.at_s - now_s) / 60, value(p)) for p in past]) for name, value in values.items()
    ]
    return title, page.lines(title, _AGO, series)


def _furthest(past: Sequence[Pulse]) -> list[str]:
    """Who reads the log, those first that were furthest behind."""
    most: dict[str, int] = {}
    for pulse in past:
        for name, lag in pulse.lag.items():
            most[name] = max(lag, most.get(name, 0))
    return sorted(most, key=lambda name: (-most[name], name))


def _behind(readers: Sequence[str]) -> str:
    left_out = len(readers) > SHOWN
    return f"Records behind: {SHOWN} of {len(readers)}, the furthest" if left_out else "Records behind"


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else 1000 * value_s


def _lag(consumer: str) -> Callable[[Pulse], float | None]:
    return lambda pulse: pulse.lag.get(consumer)
