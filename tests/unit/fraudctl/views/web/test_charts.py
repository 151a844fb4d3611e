"""The charts of the last hour: who is left out of one is said."""

from __future__ import annotations

import re

from fraudctl.views.pulse import Pulse
from fraudctl.views.web import charts

LAGS = {"job": 9, "sink-dynamodb": 0, "sink-elasticsearch": 1, "sink-parquet": 2, "sink-postgres": 700}


def behind(**further: int) -> tuple[str, str]:
    """The title and the drawing of the chart of who is behind."""
    past = [Pulse(1_000.0, lag={**LAGS, **further}), Pulse(1_003.0, lag=dict.fromkeys(LAGS, 0))]
    return charts.of(past)[-1]


def test_of_many_readers_those_are_drawn_that_were_furthest_behind() -> None:
    title, drawn = behind(**{"sink-redis": 800})
    assert title == "Records behind: 4 of 6, the furthest"
    names = [name for name in ("job", *LAGS, "sink-redis") if f">{name}</text>" in drawn]
    assert set(names) == {"job", "sink-parquet", "sink-postgres", "sink-redis"}


def test_of_few_readers_all_are_drawn() -> None:
    past = [Pulse(1_000.0, lag={"job": 0, "sink-redis": 3})]
    title, drawn = charts.of(past)[-1]
    assert (title, drawn.count("<polyline")) == ("Records behind", 2)


def test_a_line_is_broken_where_nothing_was_known_and_where_nobody_looked() -> None:
    moments = [*range(0, 30, 3), *range(300, 330, 3)]
    past = [Pulse(float(at_s), events_s=None if at_s == 312 else 5.0, decisions_s=5.0) for at_s in moments]
    _, drawn = charts.of(past)[0]
    runs = [line.count(",") for line in re.findall('<polyline points="([^"]*)"', drawn)]
    assert runs == [10, 4, 5, 10, 10]
