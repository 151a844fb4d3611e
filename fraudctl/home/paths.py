"""Where everything of a home lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The layout of one home."""

    home: Path

    @property
    def stack_file(self) -> Path:
        return self.home / "stack.json"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def checkpoints(self) -> Path:
        return self.home / "checkpoints"

    @property
    def savepoints(self) -> Path:
        return self.home / "savepoints"

    @property
    def plugins(self) -> Path:
        return self.home / "plugins"

    @property
    def jobs(self) -> Path:
        return self.home / "jobs"

    @property
    def flink_conf(self) -> Path:
        return self.home / "flink" / "conf"

    @property
    def flink_lib(self) -> Path:
        return self.home / "flink" / "lib"

    @property
    def flink_plugins(self) -> Path:
        return self.home / "flink" / "plugins"

    @property
    def flink_client(self) -> Path:
        """What Flink's own client is told of a cluster that is not ours."""
        return self.home / "flink" / "client"

    @property
    def metrics_targets(self) -> Path:
        """Whom Prometheus is to ask, in the form of its `file_sd_configs`."""
        return self.run / "metrics-targets.json"

    def data(self, server: str) -> Path:
        """Where a server keeps its data."""
        return self.home / "data" / server

    def secret_file(self, name: str) -> Path:
        """The file that holds one generated password."""
        return self.secrets / name
