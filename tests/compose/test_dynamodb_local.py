"""DynamoDB Local in a container, for a profile that accepts its terms; what is tried is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl import engines
from fraudctl.home.stack import Stack
from pipeline.connections.aws import Access
from pipeline.sinks.dynamodb import client as dynamo
from tests.compose.conftest import data_of
from tests.stack.flow import await_sinks

EVENTS = 1_000
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "5s", "--seed", "7")
PROFILE = """\
sinks: {dynamodb: {}}
servers: {dynamodb: {settings: {implementation: dynamodb-local, accept_terms: true}}}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    home = tmp_path / "home"
    try:
        up(home)
        yield engines.current(home)
    finally:
        data_of(home, "purge", "--yes")


def up(home: Path) -> None:
    profile = home.with_name("local.yaml")
    profile.write_text(PROFILE)
    data_of(home, "up", "--engine", "compose", "--any-port", "--wait", "300", "--profile", str(profile))


def test_it_keeps_alerts_for_whoever_knows_the_key_over_a_kill_and_over_down_and_up(stack: Stack) -> None:
    sent = data_of(stack.home, *SIMULATE)
    assert (sent["decided"], sent["lost"]) == (EVENTS, 0)
    await_sinks(stack)
    assert held(stack) == sent["alerts"] > 0
    for key in (None, "fraudctl:wrong"):
        with pytest.raises(dynamo.Unreachable, match="security token"):
            tables(stack, Access(key))
    engines.of(stack).kill(stack, "dynamodb")
    again = data_of(stack.home, *SIMULATE)
    await_sinks(stack)
    assert held(stack) == sent["alerts"] + again["alerts"]
    data_of(stack.home, "down")
    up(stack.home)
    assert held(stack) == sent["alerts"] + again["alerts"]
    # moto's, which keeps a journal, has not been here
    assert not (stack.paths.data("dynamodb") / "moto").exists()


def held(stack: Stack) -> int:
    """How many alerts it holds, each as the log has it."""
    found: int = data_of(stack.home, "verify", "sinks")["sinks"]["dynamodb"]["held"]
    return found


def tables(stack: Stack, access: Access) -> list[str]:
    names: list[str] = dynamo.call(dynamo.client(stack.address("dynamodb"), access).list_tables)["TableNames"]
    return names
