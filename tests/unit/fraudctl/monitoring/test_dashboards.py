"""What is exported for Grafana, as far as its shape goes."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from fraudctl.monitoring import dashboards
from fraudctl.monitoring.panels import Dashboard, document

FILES = dashboards.files("https://runbook.example", "http://there:9090")


def written(board: Dashboard) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[f"dashboards/{board.name}.json"])
    return found


def test_everything_that_is_needed_is_exported_and_is_what_it_is_called() -> None:
    assert sorted(FILES) == [
        "dashboards/job.json",
        "dashboards/kafka.json",
        "dashboards/overview.json",
        "dashboards/rules.json",
        "dashboards/stores.json",
        "prometheus/rules.yml",
        "provisioning/dashboards/fraudctl.yml",
        "provisioning/datasources/prometheus.yml",
    ]
    source = json.loads(FILES["provisioning/datasources/prometheus.yml"])["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://there:9090")


@pytest.mark.parametrize("board", dashboards.ALL, ids=lambda one: one.name)
def test_panels_have_a_unit_a_sentence_a_link_to_the_runbook_and_lie_side_by_side(board: Dashboard) -> None:
    panels = written(board)["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "ops", "s", "bytes", "percentunit"}
        assert panel["links"][0]["url"].startswith("https://runbook.example#")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert not [pair for pair in combinations(panels, 2) if overlap(*(one["gridPos"] for one in pair))]


def overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    across = a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
    return across and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def test_the_overview_fits_one_screen() -> None:
    places = [panel["gridPos"] for panel in written(dashboards.ALL[0])["panels"]]
    assert max(place["y"] + place["h"] for place in places) <= 24


def test_thresholds_go_from_green_to_red_and_a_floor_the_other_way() -> None:
    panels = {panel["title"]: panel for panel in document(dashboards.ALL[0], "URL")["panels"]}
    steps = {
        title: panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for title, panel in panels.items()
    }
    assert steps["Furthest store"] == [
        {"color": "green", "value": None},
        {"color": "yellow", "value": 5},
        {"color": "red", "value": 10},
    ]
    assert steps["Job"] == [{"color": "red", "value": None}, {"color": "green", "value": 1}]


WITHOUT_LIMITS = {
    "overview": {"Transactions", "Decisions", "In and out", "Flagged", "Lag"},
    "job": {
        *("Records", "State of each hop", "Event time behind the clock", "Events that are special"),
        *("Heap", "Processor"),
    },
    "stores": {"Lag", "Stored", "Batches", "Memory"},
    "kafka": {
        *("Transactions by partition", "Decisions by partition", "Lag by partition"),
        *("Records held", "Size", "Ticks"),
    },
    "rules": {
        *("What fires", "Hits of the last hour", "Flagged share", "Live and shadow", "Marks", "Refused"),
        "Notifications",
    },
}
"""Panels of which no value is ill by itself, but beside yesterday's, other lines, the traffic or the machine.
"""


@pytest.mark.parametrize("board", dashboards.ALL, ids=lambda one: one.name)
def test_every_panel_has_thresholds_but_those_of_which_no_value_is_ill_by_itself(board: Dashboard) -> None:
    bare = {
        panel["title"]
        for panel in written(board)["panels"]
        if len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) < 2
    }
    assert bare == WITHOUT_LIMITS[board.name]
