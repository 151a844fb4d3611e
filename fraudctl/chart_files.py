"""The files of the chart that are made from the code: `python -m fraudctl.chart_files`.

Dashboards, alert rules, what Flink is told, and the profile's part of the schema of values; `make chart`
writes them, and a test fails when they are stale.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fraudctl import schemas
from fraudctl.binaries.java import flink_module_flags
from fraudctl.flink.cluster import ROCKSDB_MB, Setting, cluster_settings, taskmanager_memory
from fraudctl.monitoring import dashboards, rules_file
from fraudctl.servers import _flink_logging, _flink_metrics
from fraudctl.settings import shipped

_PYTHON: Final = "/opt/fraudctl/bin/python"
_ENTRY: Final = "/opt/fraudctl/bin/fraudctl-flink"
_METRICS_PORT: Final = 9249
_NOWHERE: Final = "nowhere"
"""the host of a cluster whose pods have addresses of their own"""
_OF_A_LOCAL_SESSION: Final = frozenset(
    {
        "jobmanager.memory.process.size",
        "taskmanager.numberOfTaskSlots",
        "taskmanager.cpu.cores",
        "taskmanager.memory.task.heap.size",
    }
)
"""what depends on the size of pods, which the values say"""


def chart() -> Path:
    """Where the chart lies."""
    return shipped.data_dir("deploy") / "kubernetes" / "fraudctl"


def files(folder: Path) -> Mapping[str, str]:
    """Every made file by its path in the chart that lies in the folder."""
    boards = {
        f"files/{path}": text for path, text in dashboards.files().items() if path.startswith("dashboards/")
    }
    schema = json.loads((folder / "values.schema.json").read_text(encoding="utf-8"))
    return {
        **boards,
        "files/rules.yml": rules_file.text(),
        "files/flink.json": _text(
            {"configuration": flink_settings(), "logging": _flink_logging.text("INFO")}
        ),
        "values.schema.json": _text(with_profile(schema)),
    }


def flink_settings() -> dict[str, str]:
    """What Flink is told in every cluster, as far as values do not say it."""
    memory = taskmanager_memory(0, ROCKSDB_MB)
    ours = {**cluster_settings(_NOWHERE), **memory, **_flink_metrics.settings(), **_KUBERNETES}
    left_out = {name for name, value in ours.items() if value == _NOWHERE} | _OF_A_LOCAL_SESSION
    return {name: _as_text(ours[name]) for name in sorted(ours.keys() - left_out)}


def _as_text(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_KUBERNETES: Final[dict[str, Setting]] = {
    # The operator is the only one that submits, and the job the only one that runs.
    "web.submit.enable": False,
    "web.cancel.enable": False,
    "rest.flamegraph.enabled": False,
    "high-availability.type": "kubernetes",
    "kubernetes.entry.path": _ENTRY,
    "kubernetes.operator.job.upgrade.last-state-fallback.enabled": True,
    "kubernetes.operator.job.restart.failed": True,
    "kubernetes.operator.jm-deployment-recovery.enabled": True,
    "kubernetes.operator.cluster.health-check.enabled": True,
    "kubernetes.operator.periodic.savepoint.interval": "24 h",
    "kubernetes.operator.savepoint.history.max.count": 10,
    # Savepoints are told of in the status, not by resources of their own.
    "kubernetes.operator.snapshot.resource.enabled": False,
    # It sets how parallel each step is, and the steps of the job hand records on in order: all have to be
    # equally parallel.
    "job.autoscaler.enabled": False,
    "python.executable": _PYTHON,
    "python.client.executable": _PYTHON,
    "env.java.opts.all": " ".join(flink_module_flags()),
    "env.java.opts.taskmanager": "-XX:+UseParallelGC -XX:+UseTransparentHugePages -XX:SweeperThreshold=100",
    "env.java.opts.jobmanager": "-XX:+UseSerialGC",
    "io.tmp.dirs": "/tmp",
    "metrics.reporter.prometheus.factory.class": (
        "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"
    ),
    "metrics.reporter.prometheus.port": _METRICS_PORT,
    "taskmanager.rpc.port": 6122,
    # A pod takes longer to start than a process.
    "slot.request.timeout": "5 min",
    "resourcemanager.taskmanager-timeout": "30 s",
}


def with_profile(schema: schemas.Schema) -> schemas.Schema:
    """The schema of values with that of a profile in it."""
    profile = schemas.document("profile")
    kept = {name: _for_go(value) for name, value in profile.items() if not name.startswith("$")}
    return {**schema, "$defs": {**schema.get("$defs", {}), "profile": kept}}


def _for_go(shape: Any) -> Any:
    """A schema without patterns that look ahead, which Helm's language cannot; programs check them."""
    if isinstance(shape, list):
        return [_for_go(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    is_ahead = isinstance(shape.get("pattern"), str) and "(?" in shape["pattern"].replace("(?:", "")
    return {name: _for_go(one) for name, one in shape.items() if name != "pattern" or not is_ahead}


def write(folder: Path) -> None:
    """Write every made file into the chart in a folder; dashboards that are no more go."""
    wanted = files(folder)
    for path in (folder / "files" / "dashboards").glob("*.json"):
        if f"files/dashboards/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _text(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


if __name__ == "__main__":
    write(chart())
