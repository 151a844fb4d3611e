"""Who hands a job to Flink."""

from __future__ import annotations

import subprocess
import sys

WIRES = "from pipeline import job; job.without_beam(); import pyflink.fn_execution, sys; print(*sys.modules)"
"""with what PyFlink imports to add a step in Python"""


def test_beam_and_what_it_brings_are_not_loaded_to_hand_a_job_over() -> None:
    done = subprocess.run([sys.executable, "-c", WIRES], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"pipeline.job", "pyflink.fn_execution"} <= loaded
    assert loaded & {"apache_beam.coders", "pandas", "google.api_core"} == set()
