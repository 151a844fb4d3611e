"""Who fell behind, and for how long."""

from __future__ import annotations

from fraudctl.chaos import watch
from fraudctl.chaos.watch import Trail


def test_a_trail_says_how_far_behind_at_worst_and_since_when_no_more() -> None:
    samples = [(0.0, 0.1), (1.0, 5.0), (2.0, 3.0), (3.0, 2.5), (4.0, 1.0), (5.0, 0.0)]
    assert watch.trail(samples, 2.0, 2.5) == Trail(5.0, 3.0, 1.5)
    assert watch.trail(samples, 3.5, 4.5) == Trail(5.0, 1.0, 0.0)
    assert watch.trail(samples[:3], 0.5, 2.5) == Trail(5.0, 5.0, None)
    assert watch.trail(samples, None, None) == Trail(5.0, 0.0, 0.0)
    assert watch.trail([], None, None) == Trail(0.0, 0.0, 0.0)
