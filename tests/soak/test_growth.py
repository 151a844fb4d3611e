"""More partitions under traffic: nothing is lost, and a replay of the whole log finds no other decision."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from tests.homes import reachable_folder, started
from tests.stack.cli import data_of, fraudctl
from tests.stack.flow import await_that
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(1_800)

RATE, SECONDS = 100, 60
TRAFFIC = ("simulate", "--attack", "ip-burst", "--rate", str(RATE), "--json")


@pytest.fixture
def small() -> Iterator[Stack]:
    """A stack of this test's own: there is no way back to fewer partitions."""
    options = ("--taskmanagers", "2", "--wait", "400")
    with reachable_folder("soak") as folder, started(folder / "home", *options) as made:
        yield made


def decided(stack: Stack) -> int:
    return sum(admin.end_offsets(stack.kafka, stack.profile.topics.decisions).values())


def test_topics_grow_under_traffic_without_a_loss_and_a_replay_finds_no_difference(small: Stack) -> None:
    command = [sys.executable, "-m", "fraudctl", *TRAFFIC, "--duration", f"{SECONDS}s", "--home"]
    sending = subprocess.Popen([*command, str(small.home)], stdout=subprocess.DEVNULL)
    await_that(lambda: decided(small) >= RATE, LONG_S, lambda: f"{decided(small)} are decided")
    grown = data_of(small, "topics", "grow", "6", "--yes")
    assert (grown["before"], grown["after"], grown["unsure"]) == (4, 6, 0)
    assert sending.wait(600) == 0
    fraudctl(small.home, *TRAFFIC, "--duration", "10s")  # by a sender that knows all partitions

    here = current(small.home)
    ends = admin.end_offsets(here.kafka, here.profile.topics.decisions)
    assert (here.profile.partitions, sorted(ends)) == (6, [0, 1, 2, 3, 4, 5])
    assert min(ends.values()) > 0
    found = data_of(here, "replay", "--rules", "default", "--diff", "live")
    assert found["compared"] == RATE * (SECONDS + 10)
    assert (found["changed"], found["added"], found["removed"]) == (0, 0, 0)
    data_of(here, "verify", "sinks")
