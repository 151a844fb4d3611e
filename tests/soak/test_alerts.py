"""Real faults raise their alerts in a real Prometheus in the stated times; what the runbook says ends them.

The rules run at twelve times their pace, so that an hour is five minutes, and at thirty times for a flood.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraudctl.engines import targets
from fraudctl.home.stack import Stack
from fraudctl.monitoring import rules_file
from fraudctl.monitoring.alerts import ALERTS
from tests import prometheus_beside, runbook
from tests.prometheus import Prometheus
from tests.soak.conftest import Figures
from tests.soak.running import run
from tests.stack.flow import await_sinks, await_that
from tests.threads import meanwhile
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(1_200)

FASTER, FASTER_YET = 12, 30
SLACK_S = 10.0
"""For asking, evaluating twice and a machine that is busy."""
YESTERDAY = {"fraudctl:flagged:ratio1h": 0.015}
BY_NAME = {alert.name: alert for alert in ALERTS}
FLOOD = """
description: Stolen accounts are tried from one address after the other, without a pause.
population: {countries: {DE: 3, FR: 2}, currency: EUR, merchants: 400, cards: 2, shared_ip: 0.03}
background: {pause: 150s, amount: {median: 36, spread: 0.75, lo: 2, hi: 650}}
attacks:
  - name: burst
    every: 200ms
    steps: [{events: 7, spacing: [300ms, 1s], amount: [20, 120], user: fresh, ip: shared}]
    expect: {rules: [ip_burst], flagged_from: 5}
"""


@pytest.fixture(scope="module")
def watched(stack: Stack) -> Iterator[Prometheus]:
    with watching(stack, FASTER, {}) as prometheus:
        yield prometheus


@contextmanager
def watching(stack: Stack, faster: int, yesterday: dict[str, float]) -> Iterator[Prometheus]:
    """A Prometheus that has seen every program of the stack."""
    with prometheus_beside.beside(stack, faster, yesterday) as prometheus:
        count = len(targets.of(stack))
        await_that(lambda: len(prometheus.query("up == 1")) == count, LONG_S, lambda: "targets")
        yield prometheus


@contextmanager
def running(stack: Stack, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command beside the test; interrupted at the end of the block, which undoes what it has done."""
    argv = [sys.executable, "-m", "fraudctl", *words, "--home", str(stack.home)]
    command = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        yield command
    finally:
        if command.poll() is None:
            command.send_signal(signal.SIGINT)
        command.wait(LONG_S)


def await_alert(
    watched: Prometheus, figures: Figures, name: str, program: str, what: str, faster: int = FASTER
) -> None:
    """Until it fires: no later after its condition came true than its rule says."""
    began = time.monotonic()
    await_that(lambda: (name, program) in watched.firing(), LONG_S, lambda: f"{watched.firing()}")
    stated_s = rules_file.milliseconds(BY_NAME[name].after) / 1_000 / faster
    waited_s = time.time() - watched.active_since(name, program)
    figures.note(f"{what}: {name} fires after, s", round(time.monotonic() - began, 1))
    assert waited_s <= stated_s + SLACK_S, f"{name} waited {waited_s:.1f} s for its {stated_s:g}"


def await_end(watched: Prometheus, name: str, program: str = "") -> None:
    await_that(lambda: (name, program) not in watched.firing(), 600.0, lambda: f"{watched.firing()}")


def look(stack: Stack, name: str) -> None:
    """What the runbook says to look at can be looked at, in the middle of it; 3 and 5 tell of what is ill."""
    for command in runbook.to_look(BY_NAME[name].heading):
        assert run(stack, command) in (0, 3, 5), command


def do(stack: Stack, name: str, command: str) -> None:
    """A command that the entry prints."""
    assert command in runbook.to_do(BY_NAME[name].heading)
    assert run(stack, command) == 0


@contextmanager
def filling(folder: Path, bytes_a_second: float) -> Iterator[None]:
    """Room is taken on the disk of a folder at that pace, and given back at the end of the block."""
    began = time.monotonic()
    with tempfile.TemporaryFile(dir=folder) as file:

        def fill(over: threading.Event) -> None:
            while not over.wait(0.5):
                taken = int((time.monotonic() - began) * bytes_a_second)
                os.posix_fallocate(file.fileno(), 0, max(1, taken))

        with meanwhile(fill):
            yield


def test_a_disk_that_is_full_in_half_an_hour_raises_its_alert_until_there_is_room(
    stack: Stack, figures: Figures
) -> None:
    name, pace = "DiskFills", shutil.disk_usage(stack.home).free / 1_800
    with watching(stack, FASTER_YET, {}) as watched:
        with filling(stack.home, pace):
            await_alert(watched, figures, name, "exporter", "a disk that fills", FASTER_YET)
            look(stack, "DiskNearlyFull")
        await_end(watched, name, "exporter")


def test_a_flood_of_flags_raises_its_alert_until_the_rule_is_paused(
    stack: Stack, figures: Figures, tmp_path: Path
) -> None:
    scenario = tmp_path / "flood.yaml"
    scenario.write_text(FLOOD)
    traffic = ("--attack", str(scenario), "--rate", "200", "--duration", "20m", "--seed", str(time.time_ns()))
    name, heading = "AlertRateHigh", "Alert rate high"
    with watching(stack, FASTER_YET, YESTERDAY) as watched, running(stack, "simulate", *traffic):
        await_alert(watched, figures, name, "", "a flood of flags", FASTER_YET)
        look(stack, name)
        assert "rules pause RULE" in runbook.to_do(heading)
        assert run(stack, "rules pause ip_burst") == 0
        await_end(watched, name)
    do(stack, name, "rules rollback")


@pytest.mark.parametrize(
    ("fault", "options", "name", "program"),
    [
        ("kill-taskmanager", ("--duration", "40s"), "JobRestarts", "flink-jobmanager"),
        ("cut-postgres", ("--for", "40s"), "StoreBehind", "sink-postgres"),
        ("pause-taskmanager", ("--for", "20s"), "NoDecisions", ""),
    ],
)
def test_a_fault_raises_its_alert_in_time_and_when_it_is_over_the_alert_ends(
    stack: Stack,
    watched: Prometheus,
    figures: Figures,
    fault: str,
    options: tuple[str, ...],
    name: str,
    program: str,
) -> None:
    await_sinks(stack, LONG_S)
    await_end(watched, name, program)
    with running(stack, "chaos", "run", fault, *options, "--patience", "600s") as command:
        await_alert(watched, figures, name, program, fault)
        look(stack, name)
        assert command.wait(600) == 0, "the fault was not borne"
    await_end(watched, name, program)


@pytest.mark.parametrize(
    ("fault", "name", "program", "mends"),
    [
        ("pause-postgres", "StoreBehind", "sink-postgres", ("restart postgres", "verify sinks")),
        ("pause-taskmanager", "JobDown", "exporter", ("restart flink",)),
    ],
)
def test_what_the_runbook_says_to_do_ends_a_fault_that_would_not_end_by_itself(
    stack: Stack,
    watched: Prometheus,
    figures: Figures,
    fault: str,
    name: str,
    program: str,
    mends: tuple[str, ...],
) -> None:
    await_sinks(stack, LONG_S)
    await_end(watched, name, program)
    with running(stack, "chaos", "run", fault, "--for", "20m"):
        await_alert(watched, figures, name, program, f"{fault}, for long")
        look(stack, name)
        for command in mends:
            do(stack, name, command)
        await_end(watched, name, program)
    await_sinks(stack, LONG_S)
