"""A real Prometheus for tests: the one on the PATH, else Debian's, unpacked by the product's own recipe, and
what is asked of one that runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.parse
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fraudctl.binaries import artifacts, prometheus
from fraudctl.errors import FraudctlError
from pipeline.connections.proxies import open_url
from tests.waiting import LONG_S


class Prometheus:
    """One that runs, by its API."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}/api/v1/"

    def get(self, path: str, **parameters: str) -> Any:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        with open_url(f"{self.url}{path}{query}", LONG_S) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def firing(self) -> set[tuple[str, str]]:
        """Alerts that fire, with the program they name."""
        return {who for who, one in self._alerts() if one["state"] == "firing"}

    def active_since(self, name: str, program: str) -> float:
        """When the condition of an alert came true that is pending or fires, in seconds since 1970."""
        moments = [one["activeAt"] for who, one in self._alerts() if who == (name, program)]
        return min(datetime.fromisoformat(_microseconds(moment)).timestamp() for moment in moments)

    def _alerts(self) -> list[tuple[tuple[str, str], dict[str, Any]]]:
        alerts = self.get("alerts")["alerts"]
        return [((one["labels"]["alertname"], one["labels"].get("program", "")), one) for one in alerts]


def _microseconds(moment: str) -> str:
    """Prometheus tells nanoseconds, without those zeros that would be at the end."""
    return re.sub(r"\.(\d{1,6})\d*", lambda found: f".{found[1]:0<6}", moment)


def complaints(shown: str) -> str:
    """What promtool says against an answer at `/metrics`, empty where it has nothing to say."""
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=shown, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr or f"exit code {done.returncode}" * bool(done.returncode)


def tool(name: str) -> Path:
    """`prometheus` or `promtool`. Where it cannot be had the test is skipped, and fails in CI."""
    if found := shutil.which(name):
        return Path(found)
    try:
        return prometheus.fetch(artifacts.cache_dir()).with_name(name)
    except FraudctlError as failure:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {name}: {failure.message}")
