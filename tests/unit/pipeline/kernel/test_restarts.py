"""A process outlives the attempts of a job: what it says of a record does not change from one to the next."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fraudctl.servers.flink import python_path
from pipeline.scoring.activation_check import problem
from tests.examples import each_size
from tests.kernel_process import run_java

PROGRAM = Path(__file__).parents[3] / "java" / "CheckedAgain.java"
RECORD = '{"format": 1, "kind": "activation"}'


@pytest.mark.parametrize("times", each_size(60))
def test_python_is_asked_again_and_again_in_one_process(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    said = json.loads(run_java(PROGRAM, sys.executable, str(times), RECORD, heap_mb=128))
    assert said == [problem(RECORD.encode())] * times
