"""Shorthand in which the dashboards are written."""

from __future__ import annotations

from typing import Final

from fraudctl.monitoring.alerts import ALERTS
from fraudctl.monitoring.panels import Panel, Query

ANCHORS: Final = {alert.name: alert.anchor for alert in ALERTS}
"""Where the runbook tells of an alert."""

LOAD_LIMITS: Final = (0.7, 0.9)
"""shares of a second: with more there is no room left for a rush"""


def ask(expression: str, legend: str = "") -> Query:
    return Query(expression, legend)


def quantile(share: str, metric: str, by: str = "") -> Query:
    grouped = f"sum by (le{', ' + by if by else ''}) (rate({metric}_bucket[5m]))"
    legend = f"{{{{{by}}}}} p{share}" if by else f"p{share}"
    return Query(f"histogram_quantile(0.{share}, {grouped})", legend)


def stat(
    title: str, about: str, query: str, alert: str, unit: str = "short", limits: tuple[float, ...] = ()
) -> Panel:
    return Panel(title, about, (Query(query),), ANCHORS[alert], unit, "stat", 4, 4, limits)


def lines(
    title: str,
    about: str,
    alert: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    limits: tuple[float, ...] = (),
    least: float | None = None,
) -> Panel:
    return Panel(title, about, queries, ANCHORS[alert], unit, "timeseries", width, 7, limits, least)
