"""A broker whose clock alone is set ahead by an hour, and back: the whole pipeline goes on deciding.

The broker is Kafka with another clock than its machine's (`tests/java/SteppedKafka.java`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import compiled
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from tests.certificates import Authority
from tests.homes import reachable_folder, started
from tests.kafka_cluster import Cluster, running
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_that
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(580)
SOURCE: Final = Path(__file__).resolve().parents[1] / "java" / "SteppedKafka.java"
HOUR_MS: Final = 3_600_000
PATIENCE: Final = "30s"
"""How long `simulate` waits for the next decision; a stall of the step's length would be an hour."""


class Clock:
    """How far the broker's clock is ahead of everybody else's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, ahead_ms: int) -> None:
        """In force a fifth of a second later."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{ahead_ms}\n")
        fresh.replace(self.file)


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder("clock") as made:
        yield made


@pytest.fixture
def clock(folder: Path) -> Clock:
    return Clock(folder / "clock")


@pytest.fixture
def broker(folder: Path, clock: Clock) -> Iterator[Cluster]:
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("compiler", "kafka")])
    jars = artifacts.jars("kafka")
    program = compiled(SOURCE, jars, artifacts.jars("compiler")[0], artifacts.cache_dir())
    kafka = Cluster(
        folder / "kafka",
        Authority(folder / "authority"),
        flags=(f"-Dclock.file={clock.file}",),
        jars=(program,),
        program="fraudctl.tests.SteppedKafka",
    )
    with running(kafka):
        yield kafka


@pytest.fixture
def stack(folder: Path, broker: Cluster) -> Iterator[Stack]:
    profile = folder / "profile.yaml"
    external = f'{{kafka: {{external: {{bootstrap: "{broker.inner.bootstrap}"}}}}}}'
    profile.write_text(f"sinks: {{}}\nservers: {external}\n")
    with started(folder / "home", "--wait", "300", "--profile", str(profile)) as made:
        yield made


def simulate(seed: int, patience: str = PATIENCE) -> tuple[str, ...]:
    pace = ("--rate", "50", "--duration", "12s", "--patience", patience, "--seed", str(seed))
    return "simulate", "--attack", "ip-burst", *pace


def decided(stack: Stack, seed: int) -> dict[str, Any]:
    """What `simulate` says; it fails where a decision is missing for so long."""
    return data_of(stack, *simulate(seed))


def decisions(stack: Stack) -> int:
    return sum(one.value is not None for one in tail.records(stack.kafka, stack.profile.topics.decisions))


def test_a_broker_an_hour_ahead_stalls_nothing_and_hides_no_attack_and_one_set_back_loses_nothing(
    stack: Stack, clock: Clock
) -> None:
    before = decided(stack, 1)
    clock.set(HOUR_MS)
    ahead = decided(stack, 2)
    assert ask(stack, "status")["data"]["broker_clock"]["healthy"] is False
    clock.set(0)
    after = decided(stack, 3)
    assert [card["lost"] + card["waiting"] for card in (before, ahead, after)] == [0, 0, 0]
    assert [card["recall_by_instance"] for card in (before, ahead, after)] == [1.0, 1.0, 1.0]
    ticks = [one for one in tail.records(stack.kafka, stack.profile.topics.transactions) if one.value is None]
    assert any(one.append_ms - int(one.headers["limit"]) > HOUR_MS / 2 for one in ticks)
    clock.set(-HOUR_MS)
    waiting = ask(stack, *simulate(4, patience="8s"))["data"]
    assert waiting["waiting"] > 0, "the order of the log waits for a clock that was set back"
    clock.set(0)
    sent = sum(card["accepted"] for card in (before, ahead, after, waiting))
    await_that(lambda: decisions(stack) == sent, LONG_S, lambda: f"{decisions(stack)} decisions of {sent}")
