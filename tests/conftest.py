"""For all tests."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest

from tests import examples as examples
from tests import variables as variables

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would the commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What modules and collected tests are made of stays to the end. To look through it for garbage, again and
# again, is a quarter of the time that collecting takes.
gc.disable()

TESTS = Path(__file__).parent
TIMEOUT_S = {"unit": 300, "contract": 600, "stack": 900, "compose": 580, "kubernetes": 500}
"""Of one test; long enough for each wait in it (`tests.waiting`). Those of soak say their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test is marked with the folder it lies in: unit, contract, stack, compose, kubernetes or soak."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(folder)
        if folder in TIMEOUT_S:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S[folder]))


def pytest_collection_finish() -> None:
    """From here on garbage is looked for, and only among what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """What was kept from it is garbage too when all is over."""
    gc.unfreeze()
