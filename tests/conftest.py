"""For all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would the commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test is marked with the folder it lies in: unit, contract, stack or soak."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])
