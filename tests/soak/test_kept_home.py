"""A home that version 0.2.0 made and filled is carried over by this version's `up`, with all its decisions.

The old version runs from the history of this repository with the packages of this one, which has the same
Flink, Kafka and stores.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from pipeline.sinks.postgres import client
from tests.homes import reachable_folder
from tests.stack.cli import data_of, fraudctl
from tests.stack.flow import await_that
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(900)
OLD: Final = "09d327479f4a815fef158d35ffee42ece9743610"
ROOT: Final = Path(__file__).resolve().parents[2]


class OldVersion:
    """`fraudctl` as it was in 0.2.0."""

    def __init__(self, source: Path, home: Path) -> None:
        self._source, self._home = source, home

    def __call__(self, *arguments: str) -> dict[str, Any]:
        argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(self._home), "--json"]
        environment = {**os.environ, "PYTHONPATH": str(self._source)}
        done = subprocess.run(
            argv, cwd=self._source, env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
        data: dict[str, Any] = json.loads(done.stdout)["data"]
        return data


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder("kept") as made:
        yield made


@pytest.fixture
def old(folder: Path) -> Iterator[OldVersion]:
    """The old version and a home of it that holds what it decided; stopped and removed by this version."""
    archive = subprocess.run(["git", "archive", OLD], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("the history of the repository, which has 0.2.0, is not here")
    source, home = folder / "source", folder / "home"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(source, filter="data")
    try:
        yield OldVersion(source, home)
    finally:
        fraudctl(home, "purge", "--yes")


def rows(stack: Stack) -> int:
    question = "SELECT count(*) FROM risk_scores"
    [(count,)] = client.ask(stack.sink_address("postgres"), stack.secret_path("postgres"), question)
    return int(count)


def await_rows(stack: Stack, wanted: int) -> None:
    await_that(lambda: rows(stack) >= wanted, LONG_S, lambda: f"{rows(stack)} rows of {wanted}")
    assert rows(stack) == wanted


def await_all_told_alike(stack: Stack) -> None:
    """Every store holds exactly what the log says; a difference with a reason is one as well."""
    found: dict[str, Any] = {}

    def alike() -> bool:
        found.update(data_of(stack, "verify", "sinks")["sinks"])
        return not any(count for sink in found.values() for count in sink["classes"].values())

    await_that(alike, LONG_S, lambda: json.dumps(found))
    assert found.keys() == {"postgres", "redis", "dynamodb", "elasticsearch", "parquet"}


def test_a_home_of_the_version_before_comes_up_verifies_clean_and_counts_on(
    old: OldVersion, folder: Path
) -> None:
    attack = ("simulate", "--attack", "ip-burst", "--rate", "200")
    old("up", "--any-port", "--wait", "300", "--profile", "all-sinks")
    first = old(*attack, "--duration", "15s")["accepted"]
    old("rules", "pause", "ip_many_cards")
    old("down")

    fraudctl(folder / "home", "up", "--any-port", "--wait", "300", "--profile", "all-sinks")
    stack = current(folder / "home")
    await_rows(stack, first)
    assert [one["action"] for one in data_of(stack, "rules", "history")["activations"]] == ["pause", "first"]
    second = data_of(stack, *attack, "--duration", "10s", "--seed", "8")
    assert second["lost"] + second["waiting"] == 0
    await_rows(stack, first + second["accepted"])
    # alerts of 0.2.0 lie in the file of another DynamoDB, which `up` says
    data_of(stack, "verify", "sinks", "--repair", "--yes")
    await_all_told_alike(stack)
