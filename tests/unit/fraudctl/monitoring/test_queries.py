"""Which names a query asks for, and that every query made here asks only for names of the catalogue."""

from __future__ import annotations

import pytest

from fraudctl.monitoring import dashboards, queries
from fraudctl.monitoring.alerts import ALERTS
from fraudctl.views import history

ASKED = {
    **queries.RECORDED,
    **{f"history: {name}": query for name, query in {**history.FIGURES, "lag": history.LAG}.items()},
    **{f"alert {alert.name}": alert.expression for alert in ALERTS},
    **{
        f"{board.name}: {panel.title} {number}": query.expression
        for board in dashboards.ALL
        for panel in board.panels
        for number, query in enumerate(panel.queries)
    },
}


@pytest.mark.parametrize("query", ASKED.values(), ids=ASKED)
def test_a_query_asks_only_for_what_the_catalogue_or_a_recording_rule_has(query: str) -> None:
    assert list(queries.selectors(query))
    assert queries.unknown(query) == set()


def test_a_name_outside_the_catalogue_is_seen_wherever_it_stands() -> None:
    query = (
        'sum by (made_up_label) (rate(made_up_total{up="1"}[5m])) / on (sink) up offset 1d > 2e9 and made_up'
    )
    assert queries.unknown(query) == {"made_up_total", "made_up"}


def test_what_is_no_metric_is_not_taken_for_one() -> None:
    query = 'clamp_min(a:b{x="}y",z=~"w|{"}[5m:15s] offset 1d, 14.4) or vector(0) unless ignoring (q) time()'
    assert list(queries.selectors(query)) == ['a:b{x="}y",z=~"w|{"}']


def test_a_recording_rule_asks_only_for_those_before_it() -> None:
    seen: set[str] = set()
    for name, query in queries.RECORDED.items():
        recorded = {one for one in queries.selectors(query) if one in queries.RECORDED}
        assert recorded <= seen
        seen.add(name)
