"""Grafana's dashboards as Python: a builder of panels and rows, and nothing of what is in them.

Written in the form of Grafana's schema 39, which its versions from 10 on read. Panels are laid out in rows of
24 columns as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SCHEMA: Final = 39
_COLUMNS: Final = 24
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_COLOURS: Final = ("green", "yellow", "red")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked, and how a line is called; `{{label}}` stands for a label's value."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. `kind` is Grafana's (timeseries, stat, bargauge, table), `unit` Grafana's as well.

    `limits` are where yellow and red begin; `alert` is the heading of the runbook's entry to be linked.
    """

    title: str
    about: str
    queries: tuple[Query, ...]
    anchor: str
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    limits: tuple[float, ...] = ()
    least: float | None = None
    """below this all is red; without limits"""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page. `name` is the name of its file and, with a prefix, its identity in Grafana."""

    name: str
    title: str
    panels: tuple[Panel, ...]


def document(dashboard: Dashboard, runbook: str) -> Json:
    """The dashboard as Grafana reads it."""
    return {
        "uid": f"fraudctl-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["fraudctl"],
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "schemaVersion": SCHEMA,
        "version": 1,
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source()]},
        "annotations": {"list": [_alerts()]},
        "links": [_to_the_others()],
        "panels": list(_laid_out(dashboard.panels, runbook)),
    }


def _laid_out(panels: Iterable[Panel], runbook: str) -> Iterator[Json]:
    x = y = tallest = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
        yield _panel(number, panel, place, runbook)
        x, tallest = x + panel.width, max(tallest, panel.height)


def _panel(number: int, panel: Panel, place: Mapping[str, int], runbook: str) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": dict(place),
        "targets": [_target(number, query, panel.kind) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
        "links": [_link("Runbook", f"{runbook}#{panel.anchor}")],
    }


def _target(number: int, query: Query, kind: str) -> Json:
    target: Json = {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": query.expression}
    target |= {"legendFormat": query.legend or "__auto"}
    return target | ({"instant": True, "range": False} if kind != "timeseries" else {"range": True})


def _defaults(panel: Panel) -> Json:
    steps: Iterable[tuple[str, float | None]] = zip(_COLOURS, (None, *panel.limits), strict=False)
    if panel.least is not None:
        steps = (("red", None), ("green", panel.least))
    shown: Json = {"unit": panel.unit, "min": 0}
    shown["thresholds"] = {
        "mode": "absolute",
        "steps": [{"color": colour, "value": at} for colour, at in steps],
    }
    shown["color"] = {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"}
    if panel.kind == "timeseries":
        style = {"mode": "dashed" if panel.limits or panel.least is not None else "off"}
        shown["custom"] = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "thresholdsStyle": style}
    return shown


def _options(kind: str) -> Json:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    if kind == "bargauge":
        return {
            "orientation": "horizontal",
            "displayMode": "basic",
            "reduceOptions": {"calcs": ["lastNotNull"]},
        }
    return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "textMode": "auto"}


def _source() -> Json:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}


def _alerts() -> Json:
    """Marks on every picture where an alert was firing."""
    return {
        "name": "Alerts",
        "enable": True,
        "iconColor": "red",
        "datasource": _SOURCE,
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
    }


def _to_the_others() -> Json:
    shown = {"type": "dashboards", "tags": ["fraudctl"], "asDropdown": True, "keepTime": True}
    return _link("fraudctl") | shown | {"includeVars": True, "targetBlank": False}


def _link(title: str, url: str = "") -> Json:
    """With all that the schema asks of a link."""
    link: Json = {"title": title, "url": url, "type": "link", "icon": "doc", "tooltip": "", "tags": []}
    return link | {"asDropdown": False, "includeVars": False, "keepTime": False, "targetBlank": True}
