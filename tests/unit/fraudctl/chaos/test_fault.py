"""How long a fault lasts."""

from __future__ import annotations

import pytest

from fraudctl.chaos import reading as faults
from fraudctl.errors import UsageError

GOOD = {"description": "It is down", "means": "stop", "target": "redis", "lasts": "30s"}


def test_a_fault_lasts_as_long_as_is_asked_unless_it_is_over_at_once() -> None:
    assert faults.parse("mine", GOOD).lasting(5_000).lasts_ms == 5_000
    once = faults.parse("mine", {"description": "Gone", "means": "kill", "target": "redis"})
    with pytest.raises(UsageError):
        once.lasting(5_000)
