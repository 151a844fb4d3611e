"""Everything that Grafana, and a Prometheus elsewhere, needs to watch a stack, as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fraudctl.monitoring import rules_file
from fraudctl.monitoring.alerts import RUNBOOK
from fraudctl.monitoring.boards import job, kafka, overview, rules, stores
from fraudctl.monitoring.panels import document

ALL: Final = (overview.BOARD, job.BOARD, stores.BOARD, kafka.BOARD, rules.BOARD)

PLACE: Final = "/etc/grafana/dashboards/fraudctl"


def files(
    runbook: str = RUNBOOK, prometheus: str = "http://prometheus:9090", place: str = PLACE
) -> Mapping[str, str]:
    """What is exported, by path: dashboards, Grafana's provisioning, and the rules of Prometheus.

    `place` is where Grafana finds the folder of dashboards.
    """
    source = {
        "name": "Prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus,
        "isDefault": True,
    }
    written = {f"dashboards/{one.name}.json": _text(document(one, runbook)) for one in ALL}
    provider = {"name": "fraudctl", "folder": "fraudctl", "type": "file", "options": {"path": place}}
    written["provisioning/dashboards/fraudctl.yml"] = _text({"apiVersion": 1, "providers": [provider]})
    written["provisioning/datasources/prometheus.yml"] = _text({"apiVersion": 1, "datasources": [source]})
    return written | {"prometheus/rules.yml": rules_file.text(runbook)}


def _text(value: object) -> str:
    """JSON, which is YAML as well."""
    return json.dumps(value, indent=2) + "\n"
