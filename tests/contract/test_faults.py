"""Every file in `faults/` is sound, and every way to break something is used by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.chaos import means
from fraudctl.chaos import reading as faults
from fraudctl.chaos.experiment import Order
from fraudctl.settings.shipped import data_dir, sink_names
from fraudctl.traffic.generator import Run
from fraudctl.traffic.scenario import find as scenario_of

FOLDER = Path(__file__).resolve().parents[2] / "faults"
NAMES = faults.names(FOLDER)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_fault_is_sound_and_says_what_it_will_do(name: str) -> None:
    one = faults.find(name, FOLDER)
    run = Run(scenario_of("ip-burst", data_dir("scenarios")), 7, 0, 200.0, 30_000)
    traffic, what, quiet = Order(one, run).plan()
    assert traffic == "send ip-burst at 200 events/s for 30 s"
    assert what.startswith("5 s later " if means.breaking(one.means) else "meanwhile ")
    assert quiet == "wait for quiet (at most 120 s), then compare every store with the log"
    assert len(what) > len("meanwhile ") + 10


def test_every_means_is_used_and_every_writer_and_part_of_the_job_is_struck() -> None:
    found = [faults.find(name, FOLDER) for name in NAMES]
    assert {one.means for one in found} == set(means.names())
    struck = {one.target for one in found if one.means == "kill"}
    assert struck >= {f"sink-{name}" for name in sink_names()} | {"flink-taskmanager", "flink-jobmanager"}
