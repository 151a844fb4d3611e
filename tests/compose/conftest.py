"""One stack in containers for all tests in this folder; `.ci/compose` makes the machine ready for it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from tests import variables

FILES = Path(__file__).parents[2] / "compose"
PROFILE = "sinks: {postgres: {}, redis: {}, dynamodb: {}}\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Docker that is meant for tests nothing here runs."""
    if variables.given("TEST_COMPOSE") is None:
        for item in items:
            item.add_marker(pytest.mark.skip("no Docker is set up for tests: run make test-compose"))


def fraudctl(home: Path, *arguments: str, wait_s: float = 400.0) -> dict[str, Any]:
    """The envelope that one command answers with, whatever becomes of it."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=wait_s, check=False)
    assert done.stdout, done.stderr
    envelope: dict[str, Any] = json.loads(done.stdout)
    return envelope


def data_of(home: Path, *arguments: str) -> dict[str, Any]:
    """The answer of a command that must succeed."""
    envelope = fraudctl(home, *arguments)
    assert envelope["exit_code"] == 0, json.dumps(envelope["error"])
    data: dict[str, Any] = envelope["data"]
    return data


def docker(*arguments: str, wait_s: float = 300.0) -> str:
    """What the docker command answers; fails as it fails."""
    argv = ["docker", *arguments]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=wait_s, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def profile_of(home: Path) -> Path:
    """The profile of a stack, beside its home."""
    return home.with_name("containers.yaml")


def up(home: Path, *arguments: str) -> None:
    """Start the stack of all tests, or start it again."""
    profile = ("--profile", str(profile_of(home)))
    data_of(home, "up", *profile, "--with", "prometheus", "--any-port", "--wait", "300", *arguments)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A started stack. FRAUDCTL_TEST_HOME names one that runs already and is left running."""
    if given := variables.given("FRAUDCTL_TEST_HOME"):
        yield current(Path(given))
        return
    with tempfile.TemporaryDirectory(prefix="fraudctl-compose-", ignore_cleanup_errors=True) as name:
        home = Path(name) / "home"
        profile_of(home).write_text(PROFILE)
        try:
            up(home, "--engine", "compose")
            yield current(home)
        finally:
            data_of(home, "purge", "--yes")
