"""Flink's own processes as the chart starts them, on this machine: the same scripts, settings and program.

What differs is what a pod has of its own: addresses, ports, the place of files, and where the API server is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.engines.kubernetes import flink_pod
from fraudctl.flink.cluster import as_yaml
from fraudctl.home.stack import Paths
from fraudctl.servers import _flink_logging
from tests.api_server import NAMESPACE
from tests.ports import free_port

HOST = "127.0.0.1"
_OF_PODS = ("kubernetes.entry.path", "kubernetes.service-account", "metrics.reporters")


@dataclass
class Processes:
    """JobManagers and TaskManagers of one FlinkDeployment, each in a folder of its own."""

    folder: Path
    spec: Mapping[str, Any]
    name: str
    kubeconfig: Path
    job: Path
    """the description of the job"""
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    """of what was started last under a name"""

    def start_jobmanager(self, name: str) -> None:
        """One that runs the job's program when it leads."""
        args = [str(self.job) if word.endswith("/job.json") else word for word in self.spec["job"]["args"]]
        program = ["--job-classname", self.spec["job"]["entryClass"], *args]
        self._start(name, ["standalone-job.sh", "start-foreground", *program])

    def start_taskmanager(self, name: str) -> None:
        self._start(name, ["taskmanager.sh", "start-foreground"])

    def kill(self, name: str) -> None:
        """With all it has started, and without time for anything."""
        process = self.running.pop(name)
        os.killpg(process.pid, 9)
        process.wait()

    def replace_dead(self, name: str) -> None:
        """Start a TaskManager anew that has ended, as Flink asks the cluster for another pod."""
        if self.running[name].poll() is not None:
            self.start_taskmanager(name)

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def log(self, name: str) -> str:
        return (self.folders[name] / "out.log").read_text(errors="replace")

    def _start(self, name: str, argv: list[str]) -> None:
        paths = Paths(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)))
        self.folders[name] = paths.home
        flink_pod.prepare(paths, artifacts.cache_dir())
        conf = paths.flink_conf
        conf.mkdir(parents=True)
        (conf / "config.yaml").write_text(as_yaml(self._settings(name)))
        (conf / "log4j-console.properties").write_text(_flink_logging.text("INFO"))
        env = {**os.environ, "FLINK_CONF_DIR": str(conf), **flink_pod.environment(paths)}
        env["FLINK_CONF_DIR"] = str(conf)
        with (paths.home / "out.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                argv, env=env, stdout=log, stderr=log, start_new_session=True, cwd=paths.home
            )

    def _settings(self, name: str) -> dict[str, str | int]:
        self.ports[name] = free_port()
        told = {key: value for key, value in self.spec["flinkConfiguration"].items() if key not in _OF_PODS}
        own: dict[str, str | int] = {
            "kubernetes.cluster-id": self.name,
            "kubernetes.namespace": NAMESPACE,
            "kubernetes.config.file": str(self.kubeconfig),
            "jobmanager.rpc.address": HOST,
            "jobmanager.bind-host": HOST,
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.rpc.port": free_port(),
            "rest.address": HOST,
            "rest.bind-address": HOST,
            "rest.port": self.ports[name],
            "rest.bind-port": str(self.ports[name]),
            "high-availability.jobmanager.port": free_port(),
            "jobmanager.rpc.port": free_port(),
            "python.executable": sys.executable,
            "python.client.executable": sys.executable,
            "io.tmp.dirs": str(self.folders[name]),
            "parallelism.default": self.spec["job"]["parallelism"],
            "jobmanager.memory.process.size": self.spec["jobManager"]["resource"]["memory"],
            "taskmanager.memory.process.size": self.spec["taskManager"]["resource"]["memory"],
        }
        for place in ("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"):
            own[place] = (self.folder / "bucket").as_uri()
        own["high-availability.storageDir"] = (self.folder / "bucket" / "ha").as_uri()
        made = {**told, **own}

        return {key: value for key, value in made.items() if not key.startswith("metrics.reporter")}
