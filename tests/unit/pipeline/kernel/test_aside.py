"""Snapshots are taken beside the thread that scores, and hold what had been done when they were begun."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.rules.ruleset import PlanSettings, parse
from tests.kernel_process import run_java

PROGRAMS = Path(__file__).parents[3] / "java"
EVENTS, FAILURES, KEYS = 40_000, 4, 1_000
WITHIN_5_MINUTES = {"by": "user_id", "agg": "count", "window": "5m"}


def said(program: str, folder: Path, *arguments: object, is_long: bool = False) -> Any:
    rules = {"rules": {"r": {"when": "n > 1", "points": 1}}, "thresholds": {"review": 50, "block": 80}}
    content = {"version": "v", "features": {"n": WITHIN_5_MINUTES}, **rules}
    plan = parse(content).plan(PlanSettings(allowed_lateness_ms=0, dedup_window_ms=60_000))
    (folder / "plan.json").write_text(json.dumps(plan.as_document()))
    told = (str(folder / "plan.json"), *map(str, arguments))
    printed = run_java(PROGRAMS / f"{program}.java", *told, heap_mb=256, is_long=is_long)
    return json.loads(printed.splitlines()[-1])


def test_nothing_is_written_while_a_snapshot_is_being_taken_and_all_of_it_after(tmp_path: Path) -> None:
    assert said("WritesAside", tmp_path, KEYS) == {
        "writes": [0, 0, True, 2 * KEYS],
        "failed": True,
        "cancelled": True,
    }


@pytest.mark.slow
def test_a_hop_that_fails_again_and_again_forgets_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    answer = said("KilledAgain", tmp_path, tmp_path, EVENTS, FAILURES, is_long=True)
    assert answer.pop("taken") > 0
    assert answer == {"seen": EVENTS, "wrong": 0, "gaps": 0, "failures": FAILURES}
