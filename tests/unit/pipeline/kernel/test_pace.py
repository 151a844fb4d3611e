"""The reader of a topic that has little rests, but not before the read that brings what came meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kernel_process import run_java

PROGRAM = Path(__file__).parents[3] / "java" / "Rests.java"
NONE, LITTLE, MUCH = 0, 1_000, 100_000


def rests(*read: int) -> list[bool]:
    told = run_java(PROGRAM, *map(str, read), heap_mb=32, package="fraudctl.kernel.source")
    return [bool(one) for one in json.loads(told)]


def test_of_two_reads_that_bring_little_one_rests_and_what_brings_much_or_nothing_never() -> None:
    assert rests(LITTLE, LITTLE, LITTLE, LITTLE, NONE, NONE, LITTLE, MUCH, MUCH, LITTLE) == [
        True,
        False,
        True,
        False,
        False,
        False,
        True,
        False,
        False,
        True,
    ]
