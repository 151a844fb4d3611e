"""The shipped files by themselves: `docker compose up`, without any `fraudctl up`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from fraudctl.engines import chosen, ports
from fraudctl.settings import reading
from fraudctl.settings.layers import variable
from fraudctl.waiting import until
from tests.compose.conftest import FILES, docker
from tests.waiting import LONG_S

PROJECT = f"fraudctl-alone-{os.getpid()}"
COMPOSE = ("compose", "-p", PROJECT, "-f", str(FILES / "compose.yaml"))
UP = (*COMPOSE, "up", "-d", "--no-build", "--pull", "never")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack of its own on free ports; nothing is left of it."""
    profile = reading.load("default")
    kinds = chosen.required(profile, ())
    asked = {name: dict(list(roles.items())[:1]) for name, roles in ports.wanted(profile, kinds).items()}
    for name, roles in ports.choose_free({name: asked[name] for name in kinds}, {}).items():
        monkeypatch.setenv(variable(f"servers.{name}.port"), str(next(iter(roles.values()))))
    try:
        docker(*UP)
        yield
    finally:
        docker(*COMPOSE, "--profile", "*", "down", "--volumes")


def answer(*arguments: str) -> dict[str, Any]:
    """What one command in the network of the stack answers, whatever becomes of it."""
    argv = ["docker", *COMPOSE, "run", "--rm", "-T", "cli", *arguments, "--json"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=LONG_S, check=False)
    assert done.stdout, done.stderr
    envelope: dict[str, Any] = json.loads(done.stdout)
    return envelope


def asked(*arguments: str) -> dict[str, Any]:
    """The data of a command that must succeed."""
    envelope = answer(*arguments)
    assert envelope["exit_code"] == 0, envelope
    data: dict[str, Any] = envelope["data"]
    return data


@pytest.mark.usefixtures("alone")
def test_it_decides_and_stores_what_is_sent_and_takes_more_taskmanagers() -> None:
    assert until(
        lambda: answer("job", "status")["exit_code"] == 0, LONG_S, lambda: AssertionError("there is no job")
    )
    sent = asked("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "7")
    assert (sent["decided"], sent["lost"]) == (2_000, 0)
    asked("verify", "sinks")
    assert {one["state"] for one in answer("status")["data"]["sinks"]} == {"running"}
    docker(*UP, "--scale", "taskmanager=3")
    # more than two of them have room for
    assert until(
        lambda: answer("job", "rescale", "9")["exit_code"] == 0,
        LONG_S,
        lambda: AssertionError(f"{answer('job', 'status')}"),
    )
