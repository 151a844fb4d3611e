"""Decisions as files in the S3 server of a stack in containers, as docs/compose.md has it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl import engines
from fraudctl.engines.compose.project import Project
from fraudctl.home.stack import Stack
from fraudctl.servers import names
from tests import versity
from tests.compose.conftest import data_of, docker
from tests.stack.flow import await_sinks

IMAGE = f"versity/versitygw:{versity.VERSION}"
STAND_IN = Path(__file__).with_name("versity.Dockerfile")
EVENTS = 1_000
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "5s", "--seed", "7")
PROFILE = """\
sinks:
  parquet:
    url: "s3://fraudctl/decisions"
    endpoint: "http://s3:7070"
    region: us-east-1
    credentials_file: {home}/secrets/s3
"""


@pytest.fixture(scope="module")
def image() -> None:
    """The official one, or what stands for it."""
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
    if found.returncode != 0:
        docker("build", "-f", str(STAND_IN), "-t", IMAGE, str(versity.binary().parent))


@pytest.fixture
def stack(image: None, tmp_path: Path) -> Iterator[Stack]:
    """Its keys are made by the first `up --with s3`, so the profile can name them from the second on."""
    home, profile = tmp_path / "home", tmp_path / "files.yaml"
    profile.write_text(PROFILE.format(home=home))
    up = ("up", "--engine", "compose", "--any-port", "--wait", "300", "--with", "s3")
    try:
        data_of(home, *up, *(word for name in names() for word in ("--without", name)))
        data_of(home, "down")
        data_of(home, *up, "--profile", str(profile), "--without", "postgres", "--without", "redis")
        yield engines.current(home)
    finally:
        data_of(home, "purge", "--yes")


def inside(stack: Stack, *arguments: str) -> dict[str, Any]:
    """What a command in the network of the stack answers, which must succeed."""
    file = str(Project(stack.paths).file)
    said = docker("compose", "-f", file, "run", "--rm", "-T", "cli", *arguments, "--json")
    data: dict[str, Any] = json.loads(said)["data"]
    return data


def test_decisions_are_files_in_its_bucket_which_are_verified_from_within(stack: Stack) -> None:
    sent = data_of(stack.home, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    await_sinks(stack)
    held = inside(stack, "verify", "sinks")["sinks"]["parquet"]
    assert (held["held"], held["equal"]) == (EVENTS, EVENTS)
    assert data_of(stack.home, "status")["healthy"]
