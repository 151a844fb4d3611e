"""Packed states keep what is put, whatever comes and goes, and give back memory that lies idle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kernel_process import run_java

PROGRAM = Path(__file__).parents[3] / "java" / "PackedTrial.java"
STEPS, PAGE_BYTES = 40_000, 393_216


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_they_are_what_a_map_would_hold_and_shrink_when_most_have_gone(seed: int) -> None:
    said = json.loads(run_java(PROGRAM, str(seed), str(STEPS), heap_mb=192))
    assert said["alike"] == STEPS
    assert said["in_one_place"] < 12
    assert said["round"]
    assert said["dirty"]
    assert said["same"]
    assert said["most"] > 10 * PAGE_BYTES
    assert said["settled"] <= 4 * PAGE_BYTES < said["thinned"]
