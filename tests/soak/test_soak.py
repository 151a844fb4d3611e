"""The long ones (`make soak`, an hour and more): a million events, ten minutes, a minute without a store.

What must never be wrong fails; how fast it was goes into `build/soak.json` beside the aim.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from fraudctl.bench.load import Worker, Workload, send
from fraudctl.chaos import means
from fraudctl.chaos import reading as faults
from fraudctl.chaos.watch import behind
from fraudctl.compare import replay, replay_plan
from fraudctl.console.progress import Progress
from fraudctl.engines import workers
from fraudctl.home import rulesets
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.settings.shipped import data_dir
from tests.soak.conftest import Figures
from tests.stack.cli import ask, data_of
from tests.stack.flow import KillingMidway, await_sinks, await_that
from tests.threads import meanwhile

pytestmark = pytest.mark.timeout(7_200)

RATE = 2_000
STORES = ("postgres", "redis", "elasticsearch", "dynamodb")
WRITERS = {"postgres": 20_000, "redis": 30_000, "elasticsearch": 8_000, "parquet": 40_000, "dynamodb": None}
OTHERS = [
    name
    for name in faults.names(data_dir("faults"))
    if not name.startswith("stop-") and name != "kill-notifier"
]
LONG = 7_200.0


def test_a_million_events_are_decided_once_each_and_every_store_holds_them(
    stack: Stack, figures: Figures
) -> None:
    load = Workload(
        f"s{time.time_ns():x}", 7, time.time_ns() // 1_000_000, 5_000.0, hot_addresses=False, crowd=20
    )
    decisions = stack.profile.topics.decisions
    before = sum(admin.end_offsets(stack.kafka, decisions).values())
    began = time.monotonic()
    sent = Worker(send, stack.kafka, stack.profile.topics.transactions, load, figures.events, 0).result()
    assert (sent.acknowledged, sent.failed) == (figures.events, 0)

    def decided() -> int:
        return sum(admin.end_offsets(stack.kafka, decisions).values()) - before

    await_that(lambda: decided() >= figures.events, LONG, lambda: f"{decided()} are decided")
    figures.note(
        "events decided a second, all writers on", round(figures.events / (time.monotonic() - began))
    )
    await_sinks(stack, LONG)
    figures.note("until every store has them, s", round(time.monotonic() - began, 1))
    report, seconds, peak_mb = verified(stack)
    assert (report["exit_code"], report["data"]["faults"]) == (0, 0), report["summary"]
    size = report["data"]["decisions"]
    figures.note(f"verify {size} decisions, s", round(seconds, 1), "150 for a million", seconds <= 150)
    figures.note("verify, peak memory of all its processes, MB", peak_mb, "500", peak_mb <= 500)


@pytest.mark.parametrize(("parallelism", "is_killed"), [(1, False), (2, False), (2, True)])
def test_a_replay_of_the_log_decides_the_same(
    stack: Stack, figures: Figures, parallelism: int, is_killed: bool
) -> None:
    rules = rulesets.read(Path(stack.profile.rules))
    made = replay_plan.plan(stack, rules, base="live", parallelism=parallelism)
    progress = KillingMidway(stack, made.compares // 2) if is_killed else Progress()
    found = replay.run(stack, made, "live", keep=False, wait_s=LONG, progress=progress)
    assert found.diff is not None
    assert found.diff.as_document()["examples"] == []
    assert (found.diff.same, found.diff.compares_features) == (True, True)
    how = f"replay of {found.diff.compared} events at parallelism {parallelism}"
    if isinstance(progress, KillingMidway):
        assert 0 < progress.decided_at_kill < found.diff.compared
        how += f", Flink's worker killed after {progress.decided_at_kill} decisions"
    minutes = found.job["seconds"] / 60
    figures.note(f"{how}, events a minute", round(made.reads / minutes), "2000000")
    figures.note(
        f"{how}, its diff, events a minute", round(found.diff.compared * 60 / found.diff.seconds), "1000000"
    )


def test_with_every_sink_on_no_lag_grows(stack: Stack, figures: Figures) -> None:
    await_sinks(stack, LONG)
    argv = [sys.executable, "-m", "fraudctl", "simulate", "--attack", "ip-burst", "--rate", str(RATE)]
    argv += ["--duration", f"{figures.seconds}s", "--seed", str(int(time.time())), "--home", str(stack.home)]
    samples: dict[str, list[int]] = {sink: [] for sink in workers.sinks(stack)}
    traffic = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    while traffic.poll() is None:
        if time.monotonic() - began < figures.seconds:
            for sink, records in behind(stack, list(samples)).items():
                samples[sink].append(records)
        threading.Event().wait(5.0)
    assert traffic.returncode == 0
    for sink, lags in samples.items():
        early, late = mean(lags[: len(lags) // 2]), mean(lags[len(lags) // 2 :])
        text = f"{early:.0f} then {late:.0f}, at most {max(lags)}"
        figures.note(f"lag of {sink} at {RATE}/s, records", text, "does not grow", late <= early + RATE)
    await_sinks(stack, LONG)


@pytest.mark.parametrize("store", STORES)
def test_a_store_that_is_down_for_a_minute_delays_nobody_else(
    stack: Stack, figures: Figures, store: str
) -> None:
    await_sinks(stack, LONG)
    options = (
        "--rate",
        str(RATE),
        "--after",
        "30s",
        "--duration",
        "180s",
        "--patience",
        "600s",
        "--seed",
        str(int(time.time())),
    )
    found = data_of(stack, "chaos", "run", f"stop-{store}", *options, wait_s=LONG)
    assert all(check["holds"] for check in found["checks"]), found["checks"]
    trails = found["behind"]
    others = {name: trail["during_s"] for name, trail in trails.items() if name != store}
    caught_up, worst_s = trails[store]["caught_up_s"], max(others.values())
    figures.note(f"{store} down for a minute: the others' worst lags meanwhile, s", others, "2", worst_s < 2)
    figures.note(
        f"{store} down for a minute: caught up after, s",
        caught_up,
        "60",
        caught_up is not None and caught_up <= 60,
    )


@pytest.mark.parametrize("name", OTHERS)
def test_every_fault_is_borne(stack: Stack, figures: Figures, name: str) -> None:
    await_sinks(stack, LONG)
    options = ("--rate", "500", "--patience", "600s")
    found = data_of(stack, "chaos", "run", name, *options, wait_s=LONG)
    assert all(check["holds"] for check in found["checks"]), found["checks"]
    one = faults.find(name, data_dir("faults"))
    if means.breaking(one.means):
        after = {who: trail["caught_up_s"] for who, trail in found["behind"].items() if trail["caught_up_s"]}
        figures.note(
            f"{name}: on for {found['outage_s']} s, caught up after, s", after or "nobody was behind"
        )


@pytest.mark.parametrize("sink", WRITERS)
def test_a_writer_alone(stack: Stack, figures: Figures, sink: str) -> None:
    await_sinks(stack, LONG)
    events = min(figures.events, 20_000 if sink == "dynamodb" else 250_000)
    found = data_of(stack, "bench", "--sink", sink, "--events", str(events), wait_s=LONG)
    rate, aim = found["decisions_per_second"], WRITERS[sink]
    figures.note(
        f"writer of {sink} alone, decisions/s", rate, f"{aim or ''}", None if aim is None else rate >= aim
    )
    names = ("timed_s", "writer_cpu_s", "store_cpu_s")
    figures.note(f"writer of {sink} alone, seconds", {name: found[name] for name in names})


def verified(stack: Stack) -> tuple[dict[str, Any], float, int]:
    """The answer of `verify sinks`, its seconds, and the most memory its processes had together, in MB."""
    peaks = [0.0]

    def watch(over: threading.Event) -> None:
        me = psutil.Process()
        while not over.wait(0.5):
            found = [child for child in me.children(recursive=True) if "verify" in _words(child)]
            family = {
                process.pid: process for one in found for process in [one, *one.children(recursive=True)]
            }
            peaks.append(sum(map(_memory_mb, family.values())))

    began = time.monotonic()
    with meanwhile(watch):
        answer = ask(stack, "verify", "sinks", wait_s=LONG)
    return answer, time.monotonic() - began, round(max(peaks))


def mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _memory_mb(process: psutil.Process) -> float:
    """What is its own of it; shared pages are divided among those that share them."""
    try:
        return float(process.memory_full_info().pss) / 1e6
    except psutil.Error:
        return 0.0
