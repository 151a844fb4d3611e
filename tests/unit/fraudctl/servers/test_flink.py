"""What the TaskManager is started with."""

from __future__ import annotations

import os
import subprocess
import sys

from fraudctl.servers import flink


def test_the_python_of_a_taskmanager_finds_no_beam_and_still_finds_pyflink_and_the_pipeline() -> None:
    wanted = ("apache_beam", "pyflink", "pipeline.scoring.scorer")
    code = f"""
import importlib
for name in {wanted}:
    try:
        importlib.import_module(name)
        print(name)
    except ImportError:
        pass
"""
    environment = {**os.environ, "PYTHONPATH": flink.python_path()}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pyflink", "pipeline.scoring.scorer"]
