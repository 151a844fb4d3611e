"""The command line against an API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.api_server import NAMESPACE, ApiServer
from tests.chart import example

RELEASE = "fraudctl"


class Cli:
    """The command line with a home and a kubeconfig of its own."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.home, self.folder, self._server = folder / "home", folder, server

    def __call__(self, *arguments: str, code: int | None = 0) -> dict[str, Any]:
        argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(self.home), "--json"]
        env = {**os.environ, "KUBECONFIG": str(self._server.kubeconfig)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        assert code in (None, answer["exit_code"]), (answer, done.stderr)
        return answer

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same, which goes on."""
        argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(self.home), "--json"]
        env = {**os.environ, "KUBECONFIG": str(self._server.kubeconfig)}
        return subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def values(self, **changes: Any) -> str:
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(example("kind", **changes)))
        return str(path)

    def up(self, **changes: Any) -> dict[str, Any]:
        place = ["--namespace", NAMESPACE, "--context", "here"]
        return self("up", "--engine", "kubernetes", "--values", self.values(**changes), *place)
