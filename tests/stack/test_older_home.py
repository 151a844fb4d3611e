"""A stack that a version started which had a server less: told, and carried over by `up`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines.local.engine import Engine
from tests.homes import reachable_folder

STORES = ("--any-port", "--without", "flink", "--without", "kafka", "--wait", "200")


@pytest.fixture
def home() -> Iterator[Path]:
    with reachable_folder("older") as place:
        yield place / "home"
        Engine().purge(place / "home")


def run(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and envelope of one command."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    return done.returncode, json.loads(done.stdout)


def test_a_stack_without_a_server_of_now_is_older_and_goes_on_by_up(home: Path) -> None:
    assert run(home, "up", *STORES)[0] == 0
    file = home / "stack.json"
    document = json.loads(file.read_text())
    del document["ports"]["redis"], document["addresses"]["redis"]
    file.write_text(json.dumps(document))

    code, answer = run(home, "status")
    assert (code, answer["data"]["finding"]["code"]) == (3, "older")
    assert answer["data"]["finding"]["message"].endswith(
        "was written by an older fraudctl, which ran no redis"
    )
    assert answer["data"]["finding"]["hint"] == "run: fraudctl up, which carries it over"

    code, answer = run(home, "up", *STORES)
    assert code == 0, answer
    servers = {one["name"]: one["healthy"] for one in run(home, "status")[1]["data"]["servers"]}
    assert (servers["postgres"], servers["redis"]) == (True, True)
