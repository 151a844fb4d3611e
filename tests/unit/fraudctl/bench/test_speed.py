"""The machine's own speed."""

from __future__ import annotations

from fraudctl.bench.speed import machine_speed


def test_every_figure_is_there_and_none_is_nothing() -> None:
    found = machine_speed()
    assert set(found) == {"million_steps_per_second", "copied_gb_per_second", "checked_gb_per_second"}
    assert all(value > 0 for value in found.values())
