"""A real Prometheus for tests: the one on the PATH, else Debian's, unpacked by the product's own recipe."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fraudctl.binaries import artifacts, prometheus
from fraudctl.errors import FraudctlError


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
