"""Charts and pages that need nothing but a browser: SVG inside one HTML file, no script, no network.

Knows numbers and words; knows nothing of rules or decisions. Every text is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
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
    """A named line of (x, y); `band` holds (x, low, high) drawn behind it."""

    name: str
    points: Sequence[tuple[float, float]]
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
    title: str, x_label: str, series: Sequence[Series], limits: Sequence[tuple[str, float]] = (),
    percent: bool = False,
) -> str:  # fmt: skip
    """A line chart from 0 upwards; `limits` are horizontal lines with a name."""
    xs = [x for one in series for x, _ in one.points] or [0.0, 1.0]
    ys = [y for one in series for _, y in one.points] + [y for _, y in limits]
    frame = _Frame(min(xs), max(xs), 1.0 if percent else max(ys, default=1.0) or 1.0)
    marks = [f"{100 * y:.0f} %" if percent else f"{y:,.4g}" for y in frame.steps()]
    parts = [_grid(frame, marks, x_label)]
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        if one.band:
            there = [frame.at(x, high) for x, _, high in one.band]
            back = [frame.at(x, low) for x, low, _ in reversed(one.band)]
            parts.append(f'<polygon points="{" ".join(there + back)}" fill="{colour}" opacity="0.15"/>')
        points = " ".join(frame.at(x, y) for x, y in one.points)
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


def bars(title: str, values: Sequence[tuple[str, float]], unit: str = "") -> str:
    """Horizontal bars, one per name, in the order given."""
    longest = max((value for _, value in values), default=1.0) or 1.0
    parts = []
    for number, (name, value) in enumerate(values):
        y, width = 8 + 24 * number, (WIDTH - 330) * value / longest
        parts.append(
            f'<text x="216" y="{y + 13}" text-anchor="end">{escape(name[:34])}</text>'
            f'<rect x="224" y="{y}" width="{width:.1f}" height="17" fill="{COLOURS[0]}"/>'
            f'<text x="{230 + width:.1f}" y="{y + 13}">{value:,.6g}{escape(unit)}</text>'
        )
    return _svg(title, 16 + 24 * max(1, len(values)), parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    low: float
    high: float
    top: float

    def xy(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.low) / ((self.high - self.low) or 1.0)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - y / self.top * (HEIGHT - TOP - BOTTOM),
        )

    def at(self, x: float, y: float) -> str:
        across, up = self.xy(x, y)
        return f"{across:.1f},{up:.1f}"

    def steps(self) -> list[float]:
        return [self.top * step / 4 for step in range(5)]


def _grid(frame: _Frame, marks: Sequence[str], x_label: str) -> str:
    parts = []
    for y, mark in zip(frame.steps(), marks, strict=True):
        left, height = frame.xy(frame.low, y)
        parts.append(
            f'<line x1="{left:.1f}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" '
            f'stroke="#e3e8ee"/>'
            f'<text x="{left - 6:.1f}" y="{height + 4:.1f}" text-anchor="end">{escape(mark)}</text>'
        )
    for step in range(5):
        x = frame.low + (frame.high - frame.low) * step / 4
        across, _ = frame.xy(x, 0)
        parts.append(
            f'<text x="{across:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:,.4g}</text>'
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


def _svg(title: str, height: float, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )
