"""The same events are decided alike by both engines, byte for byte."""

from __future__ import annotations

import zlib
from pathlib import Path

from fraudctl import engines
from fraudctl.bench.load import Workload
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import job_config
from fraudctl.kafka.sender import Sender
from tests.compose.conftest import data_of
from tests.stack.own_jobs import Setup, decided, run

EVENTS, START_MS, RATE = 5_000, 1_767_225_600_000, 1_000.0


def decisions(stack: Stack) -> dict[bytes | None, bytes | None]:
    """What a job over the same events of the past decides on this stack, by what was decided about whom."""
    setup = Setup(stack, job_config(stack, 1).ruleset, time="event", token="parity")
    setup.create("transactions", "decisions", "refusals")
    sender = Sender(stack.kafka)
    for key, value in Workload("parity", 7, START_MS, RATE).events(EVENTS):
        sender.send(setup.transactions, value, key, partition=zlib.crc32(key) % setup.partitions)
    close = {"close": str(START_MS + EVENTS * 1_000).encode()}
    for partition in range(setup.partitions):
        sender.send(setup.transactions, None, headers=close, partition=partition)
    assert (sender.flush(), sender.failed) == (0, 0)
    run(setup)
    found = decided(setup)
    assert len(found) == EVENTS
    return {record.value: record.key for record in found}


def test_containers_decide_what_processes_decide(stack: Stack, tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        data_of(home, "up", "--any-port", "--without", "postgres", "--without", "redis", "--wait", "300")
        local = decisions(engines.current(home))
    finally:
        data_of(home, "purge", "--yes")
    assert decisions(stack) == local
