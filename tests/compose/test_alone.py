"""The shipped files by themselves: `docker compose up`, without any `fraudctl up`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from fraudctl.engines import chosen, ports
from fraudctl.settings import reading
from fraudctl.settings.layers import variable
from fraudctl.waiting import until
from tests.compose.conftest import FILES, docker
from tests.waiting import LONG_S

PROJECT = f"fraudctl-alone-{os.getpid()}"
COMPOSE = ("compose", "-p", PROJECT, "-f", str(FILES / "compose.yaml"))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stack of its own on free ports; nothing is left of it."""
    profile = reading.load("default")
    kinds = chosen.required(profile, ())
    asked = {name: dict(list(roles.items())[:1]) for name, roles in ports.wanted(profile, kinds).items()}
    for name, roles in ports.choose_free({name: asked[name] for name in kinds}, {}).items():
        monkeypatch.setenv(variable(f"servers.{name}.port"), str(next(iter(roles.values()))))
    try:
        docker(*COMPOSE, "up", "-d", "--no-build", "--pull", "never")
        yield
    finally:
        docker(*COMPOSE, "--profile", "*", "down", "--volumes")


def asked(*arguments: str) -> dict[str, object]:
    """The data of one command in the network of the stack."""
    answer = json.loads(docker(*COMPOSE, "run", "--rm", "-T", "cli", *arguments, "--json"))
    assert answer["exit_code"] == 0, answer
    data: dict[str, object] = answer["data"]
    return data


@pytest.mark.usefixtures("alone")
def test_it_decides_and_stores_what_is_sent() -> None:
    running = until(
        lambda: asked("job", "status")["flink"], LONG_S, lambda: AssertionError("there is no job")
    )
    assert running
    sent = asked("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "7")
    assert (sent["sent"], sent["lost"]) == (2_000, 0)
    asked("verify", "sinks")
