"""What Prometheus and Grafana read in their containers: written by `up` and `setup`, into one folder.

They run as users of their own, so the folder and its files, in which nothing is secret, are readable by all;
on this machine the home around them is not.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from fraudctl.engines import targets
from fraudctl.engines.compose import services
from fraudctl.engines.compose.inside import METRICS_PORT
from fraudctl.engines.compose.names import JOBMANAGER, TASKMANAGER
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from fraudctl.monitoring import dashboards
from fraudctl.servers import prometheus

INSIDE: Final = PurePosixPath("/etc/fraudctl")
"""where both find the folder"""
_CONFIGURATION, _RULES = "prometheus/prometheus.json", "prometheus/rules.yml"
_NO_FIGURES: Final = {"source_labels": ["__name__"], "regex": ".*", "action": "drop"}


def write(stack: Stack) -> None:
    """Write all of it for a stack as its programs see it."""
    told = prometheus.told(stack.profile.server("prometheus"))
    files = dict(dashboards.files(told.runbook, place=str(INSIDE / "dashboards")))
    files[_CONFIGURATION] = prometheus.configuration(told, str(INSIDE / _RULES), scraped(stack))
    place = services.watching(stack.paths)
    for name, text in files.items():
        write_atomically(place / name, text)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def scraped(stack: Stack) -> list[dict[str, object]]:
    """Whom Prometheus asks: every program by its name, and every TaskManager there is.

    The name of a service that does not run is known to nobody, so that a TaskManager that is gone would be no
    target: one that is asked by name only tells whether any answers.
    """
    found = {**targets.of(stack), JOBMANAGER: f"{JOBMANAGER}:{METRICS_PORT}"}
    programs = [
        {"targets": [address], "labels": {"program": program}} for program, address in sorted(found.items())
    ]
    any_of_them = {"targets": [f"{TASKMANAGER}:{METRICS_PORT}"], "labels": {"program": TASKMANAGER}}
    each = {"names": [TASKMANAGER], "type": "A", "port": METRICS_PORT, "refresh_interval": "5s"}
    named = {"target_label": "program", "replacement": TASKMANAGER}
    return [
        {"job_name": "fraudctl", "honor_labels": True, "static_configs": programs},
        {"job_name": "taskmanagers", "dns_sd_configs": [each], "relabel_configs": [named]},
        {
            "job_name": "any-taskmanager",
            "static_configs": [any_of_them],
            "metric_relabel_configs": [_NO_FIGURES],
        },
    ]
