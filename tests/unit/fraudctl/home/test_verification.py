"""What a comparison found is kept for who watches."""

from __future__ import annotations

from pathlib import Path

from fraudctl.home import verification
from fraudctl.home.verification import Outcome


def test_the_last_comparison_of_each_sink_is_remembered(tmp_path: Path) -> None:
    assert verification.last(tmp_path) is None
    verification.keep(tmp_path, Outcome(1, {"postgres": 0, "redis": 2}))
    verification.keep(tmp_path, Outcome(2, {"redis": 0}))
    assert verification.last(tmp_path) == Outcome(2, {"postgres": 0, "redis": 0})
