"""The waits between two attempts."""

from __future__ import annotations

import pytest

from pipeline.process.backoff import Backoff


def test_delays_double_up_to_the_cap_and_are_drawn_from_zero_on() -> None:
    full, none = Backoff(0.1, 5.0, draw=lambda: 1.0), Backoff(0.1, 5.0, draw=lambda: 0.0)
    assert [round(full.next_s(), 3) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert none.next_s() == 0
    full.reset()
    assert full.next_s() == pytest.approx(0.1)
