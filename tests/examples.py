"""How many examples a property test tries: all of them, or a few in the loop of who is at work.

`make test-fast` runs with Hypothesis' profile `quick`; whatever else runs the tests has the full numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

QUICK: Final = "quick"
_SHARE, _LEAST = 10, 10

# How long one takes says more of what else the machine does than of the test.
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("full")
settings.register_profile(QUICK, max_examples=_LEAST)


def examples(number: int) -> int:
    """That many; a tenth of them, and ten at least, where it is to be quick."""
    is_quick = settings.get_current_profile_name() == QUICK
    return min(number, max(_LEAST, number // _SHARE)) if is_quick else number


def each_seed(number: int) -> list[Any]:
    """So many parameters for a test that draws what it tries; all but the first are slow."""
    return [pytest.param(seed, marks=[pytest.mark.slow] if seed else []) for seed in range(number)]


def each_size(number: int) -> list[Any]:
    """Two parameters for a test that makes so many of something: a tenth of them, and all, which is slow."""
    return [number // _SHARE, pytest.param(number, marks=pytest.mark.slow)]


def quick_and_slow(cases: Sequence[Any], quick: int) -> list[Any]:
    """The same cases, of which all but the first so many are slow: each is a process of its own."""
    rest = [
        pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=pytest.mark.slow)
        for one in cases[quick:]
    ]
    return [*cases[:quick], *rest]
