"""One stack of real servers for all tests in this folder, on free ports, in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from tests import variables


def fraudctl(home: Path, *arguments: str) -> str:
    """Runs one command against the stack in that home and returns its standard output; fails as it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)],
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A started stack. FRAUDCTL_TEST_HOME names one that runs already and is left running."""
    given = variables.given("FRAUDCTL_TEST_HOME")
    if given:
        yield current(Path(given))
        return
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-stack-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        try:
            fraudctl(home, "up", "--any-port", "--wait", "300")
            yield current(home)
        finally:
            fraudctl(home, "purge", "--yes")
