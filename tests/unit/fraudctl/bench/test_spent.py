"""Processor time by process, from two readings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fraudctl.bench.spent import ITSELF, Reading, per_event, read_all
from fraudctl.home.stack import Stack
from fraudctl.settings import reading


def test_each_program_is_told_with_what_it_took_of_an_event_the_dearest_first() -> None:
    before = Reading({"kafka": 10.0, "sink-redis": 1.0, "idle": 3.0}, {"Source": 5.0})
    after = Reading({"kafka": 10.5, "sink-redis": 2.0, "idle": 3.0}, {"Source": 5.25, "C2 Compiler": 0.125})
    assert per_event(before, after, 50_000) == {
        "programs": {"sink-redis": 20.0, "kafka": 10.0},
        "stages": {"Source": 5.0, "C2 Compiler": 2.5},
    }


def test_without_events_nothing_is_divided_by_none() -> None:
    found = per_event(Reading({}, {}), Reading({"kafka": 1.0}, {}), 0)
    assert found["programs"] == {"kafka": 1_000_000.0}


def test_what_the_benchmark_itself_takes_is_told_also_of_processes_that_have_ended(tmp_path: Path) -> None:
    stack = Stack(tmp_path, reading.load("default", {}, {}), {})
    before = read_all(stack)
    subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    taken = per_event(before, read_all(stack), 1)["programs"]
    assert taken.keys() == {ITSELF}
    assert taken[ITSELF] > 50_000
