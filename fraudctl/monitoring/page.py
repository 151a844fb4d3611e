"""The page of all metrics, `docs/metrics.md`, made from the catalogue.

`python -m fraudctl.monitoring.page` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.metrics.catalogue import CHAPTERS, Chapter
from pipeline.metrics.kinds import BOUNDS_S, Metric

_BOUNDS: Final = ", ".join(f"{bound:g}" for bound in BOUNDS_S)
FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"

_HEAD: Final = (
    "# Metrics\n\n"
    "Made from the catalogue in `pipeline/metrics/` by `make metrics`; a test fails when it is stale.\n\n"
    "Each program of a stack answers `http://127.0.0.1:PORT/metrics`, on the loopback address alone, in "
    "Prometheus' form. The ports are chosen as all others are: 19400 and up, Flink's 18083 and 18084, or "
    "free ones with `fraudctl up --any-port`; `stack.json` in the home has them, under `ports`. In "
    "containers it is port 9249 of each, which their network alone reaches. Whoever may "
    "use this machine may read them, so they hold numbers and names of rules, sinks, topics and programs, "
    "and never a user, an address or an event.\n\n"
    f"Figures of a program count from its start. Histograms have buckets up to {_BOUNDS} seconds, and one "
    "beyond. Who asks for them is told of on the page [watching](watching.md).\n"
)


def text() -> str:
    """The whole page."""
    return _HEAD + "".join(line for chapter in CHAPTERS for line in _chapter(chapter))


def _chapter(chapter: Chapter) -> Iterator[str]:
    program = f", program `{chapter.program}`" if chapter.program else ""
    yield f"\n## {chapter.title}{program}\n\n"
    yield "| name | kind | unit | labels | what it is |\n|---|---|---|---|---|\n"
    yield from map(_row, chapter.metrics)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{name}`" for name in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} |\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
