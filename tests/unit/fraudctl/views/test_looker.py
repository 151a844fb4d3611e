"""Figures come from the exporter; where it is away, from the same looks; what is not known is not there."""

from __future__ import annotations

from pathlib import Path

from fraudctl.home.stack import METRICS, Stack
from fraudctl.settings import reading
from fraudctl.views.looker import Figures, Looker
from pipeline.metrics import TickerFigures, exposition
from pipeline.metrics.asking import Reading
from pipeline.metrics.outside import DecisionFigures
from tests.ports import free_port


def stack(home: Path, **ports: int) -> Stack:
    return Stack(home, reading.load("default", {}, {}), {}, {METRICS: ports})


def test_the_exporter_and_the_ticker_are_asked(tmp_path: Path) -> None:
    exporter, ticker = free_port(), free_port()
    exposition.serve(exporter, lambda: [DecisionFigures(decisions={("block",): 3})])
    exposition.serve(ticker, lambda: [TickerFigures(ticks={("idle",): 4})])
    found = Looker(stack(tmp_path, exporter=exporter, ticker=ticker)).look()
    assert found.one("fraudctl_decisions_total") == 3
    assert found.by("kind", "fraudctl_ticker_ticks_total") == {"idle": 4}


def test_where_the_exporter_is_away_the_stack_is_looked_at_itself(tmp_path: Path) -> None:
    found = Looker(stack(tmp_path, exporter=free_port())).look()
    free = found.one("fraudctl_disk_free_bytes")
    assert free is not None
    assert free > 0
    assert found.one("fraudctl_decisions_total") is None
    assert found.by("consumer", "fraudctl_consumer_lag_records") == {}


def test_values_are_summed_by_a_label_and_chosen_by_others() -> None:
    found = Figures(
        [
            Reading("n", (("a", "x"), ("b", "1")), 1),
            Reading("n", (("a", "x"), ("b", "2")), 2),
            Reading("n", (("a", "y"), ("b", "1")), 4),
        ]
    )
    assert (found.one("n"), found.one("n", b="1"), found.one("n", b="3")) == (7, 5, None)
    assert found.by("a", "n") == {"x": 3, "y": 4}
