"""Charts and pages that need nothing but a browser: SVG inside one HTML file, no script, no network.

Knows numbers and words; knows nothing of rules or decisions. Every text is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
TICKS = 4
"""About how many steps an axis has; how many exactly, the round numbers decide."""
COLOURS = ("#1b6ca8", "#c0392b", "#2e7d32", "#8e5ea2")

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #dde3ea;vertical-align:top}
svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:#42505e}
.note{color:#5b6a79}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of (x, y), broken where y is None; `band` holds (x, low, high) drawn behind it."""

    name: str
    points: Sequence[tuple[float, float | None]]
    band: Sequence[tuple[float, float, float]] = field(default_factory=tuple)


def page(title: str, parts: Iterable[str]) -> str:
    """A whole HTML document."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, is_note: bool = False) -> str:
    return f'<p class="note">{escape(text)}</p>' if is_note else f"<p>{escape(text)}</p>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; None is an empty cell."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape('' if c is None else str(c))}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def lines(
    title: str,
    x_label: str,
    series: Sequence[Series],
    limits: Sequence[tuple[str, float]] = (),
    percent: bool = False,
) -> str:
    """A line chart from 0 upwards; `limits` are horizontal lines with a name."""
    xs = [x for one in series for x, _ in one.points] or [0.0, 1.0]
    ys = [y for one in series for _, y in one.points if y is not None] + [y for _, y in limits]
    frame = _frame(xs, [1.0] if percent else ys)
    parts = [_grid(frame, percent, x_label)]
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        if one.band:
            there = [frame.at(x, high) for x, _, high in one.band]
            back = [frame.at(x, low) for x, low, _ in reversed(one.band)]
            parts.append(f'<polygon points="{" ".join(there + back)}" fill="{colour}" opacity="0.15"/>')
        for run in _unbroken(one.points):
            points = " ".join(frame.at(x, y) for x, y in run)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_legend(number, one.name, colour))
    for name, y in limits:
        (left, height), (right, _) = frame.xy(frame.low, y), frame.xy(frame.high, y)
        parts.append(
            f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{height:.1f}" y2="{height:.1f}" stroke="#8a97a5" '
            f'stroke-dasharray="5 4"/><text x="{right:.1f}" y="{height - 5:.1f}" text-anchor="end">'
            f"{escape(name)}</text>"
        )
    return _svg(title, HEIGHT, parts)


def _unbroken(points: Iterable[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    for is_known, run in groupby(points, key=lambda point: point[1] is not None):
        if is_known:
            yield [(x, y) for x, y in run if y is not None]


def bars(title: str, values: Sequence[tuple[str, float]], unit: str = "") -> str:
    """Horizontal bars, one per name, in the order given."""
    longest = max((value for _, value in values), default=1.0) or 1.0
    parts = []
    for number, (name, value) in enumerate(values):
        y, width = 8 + 24 * number, (WIDTH - 330) * value / longest
        parts.append(
            f'<text x="216" y="{y + 13}" text-anchor="end">{escape(_short(name))}</text>'
            f'<rect x="224" y="{y}" width="{width:.1f}" height="17" fill="{COLOURS[0]}"/>'
            f'<text x="{230 + width:.1f}" y="{y + 13}">{value:,.6g}{escape(unit)}</text>'
        )
    return _svg(title, 16 + 24 * max(1, len(values)), parts)


def round_step(span: float, count: int = TICKS) -> float:
    """The step of 1, 2 or 5 times a power of ten that divides the span into about that many."""
    least = 0.8 * span / count
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """The round numbers from low to high with their labels; low alone where the two are the same."""
    if not high > low:
        return [(low, f"{low:,g}")]
    step = round_step(high - low)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(n * step, f"{n * step:,.{digits}f}") for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Frame:
    low: float
    high: float
    top: float
    """A round number, not below any y."""

    def xy(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.low) / ((self.high - self.low) or 1.0)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM),
        )

    def at(self, x: float, y: float) -> str:
        across, up = self.xy(x, y)
        return f"{across:.1f},{up:.1f}"


def _frame(xs: Sequence[float], ys: Sequence[float]) -> _Frame:
    highest = max(ys, default=0.0) or 1.0
    step = round_step(highest)
    return _Frame(min(xs), max(xs), step * math.ceil(highest / step - 1e-9))


def _grid(frame: _Frame, percent: bool, x_label: str) -> str:
    parts = []
    for y, number in ticks(0.0, frame.top):
        mark = f"{100 * y:.0f} %" if percent else number
        left, height = frame.xy(frame.low, y)
        parts.append(
            f'<line x1="{left:.1f}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" '
            f'stroke="#e3e8ee"/>'
            f'<text x="{left - 6:.1f}" y="{height + 4:.1f}" text-anchor="end">{escape(mark)}</text>'
        )
    for x, number in ticks(frame.low, frame.high):
        across, _ = frame.xy(x, 0)
        parts.append(
            f'<text x="{across:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{number}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
    return "".join(parts)


def _legend(number: int, name: str, colour: str) -> str:
    x = LEFT + 12 + 150 * number
    return (
        f'<rect x="{x}" y="{TOP - 12}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{x + 15}" y="{TOP - 3}">{escape(name)}</text>'
    )


def _short(name: str, longest: int = 30) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _svg(title: str, height: float, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )
