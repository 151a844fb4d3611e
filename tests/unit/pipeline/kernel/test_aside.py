"""Snapshots are taken beside the thread that scores, and hold what had been done when they were begun."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.rules.ruleset import PlanSettings, parse
from tests.kernel_process import KernelProcess, run_java

KILLED_AGAIN = Path(__file__).parents[3] / "java" / "KilledAgain.java"
EVENTS, FAILURES, KEYS = 40_000, 4, 1_000
WITHIN_5_MINUTES = {"by": "user_id", "agg": "count", "window": "5m"}


def plan(folder: Path) -> str:
    """The file of a plan that counts what a user did."""
    rules = {"rules": {"r": {"when": "n > 1", "points": 1}}, "thresholds": {"review": 50, "block": 80}}
    content = {"version": "v", "features": {"n": WITHIN_5_MINUTES}, **rules}
    made = parse(content).plan(PlanSettings(allowed_lateness_ms=0, dedup_window_ms=60_000))
    file = folder / "plan.json"
    file.write_text(json.dumps(made.as_document()))
    return str(file)


def test_nothing_is_written_while_a_snapshot_is_being_taken_and_all_of_it_after(
    kernel: KernelProcess, tmp_path: Path
) -> None:
    assert json.loads(kernel.printed("WritesAside", plan(tmp_path), str(KEYS))) == {
        "writes": [0, 0, True, 2 * KEYS],
        "failed": True,
        "cancelled": True,
    }


@pytest.mark.slow
def test_a_hop_that_fails_again_and_again_forgets_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    told = (plan(tmp_path), *map(str, (tmp_path, EVENTS, FAILURES)))
    answer = json.loads(run_java(KILLED_AGAIN, *told, heap_mb=256, is_long=True).splitlines()[-1])
    assert answer.pop("taken") > 0
    assert answer == {"seen": EVENTS, "wrong": 0, "gaps": 0, "failures": FAILURES}
