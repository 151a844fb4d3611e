"""A broker's clock that has stepped ahead is said, with how bad it is."""

from __future__ import annotations

import pytest

from fraudctl.engines.contract import BROKEN, WARNING, WELL
from fraudctl.observe.broker_clock import BrokerClock


@pytest.mark.parametrize(
    ("ahead_ms", "allowed_ms", "state"),
    [
        (0, 0, WELL),
        (1_000, 0, WELL),
        (1_001, 0, BROKEN),
        (900_000, 900_000, WARNING),
        (900_001, 900_000, BROKEN),
    ],
)
def test_a_clock_ahead_is_a_warning_up_to_the_allowed_lateness_and_broken_beyond(
    ahead_ms: int, allowed_ms: int, state: str
) -> None:
    clock = BrokerClock(ahead_ms, allowed_ms)
    assert clock.check().state == state
    assert clock.healthy == (state != BROKEN)
    assert clock.document() == {
        "ahead_ms": ahead_ms,
        "allowed_lateness_ms": allowed_ms,
        "healthy": state != BROKEN,
    }
