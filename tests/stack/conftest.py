"""One stack of real servers for all tests in this folder, on free ports, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from tests import variables
from tests.homes import reachable_folder, started


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A started stack. FRAUDCTL_TEST_HOME names one that runs already and is left running."""
    given = variables.given("FRAUDCTL_TEST_HOME")
    if given:
        yield current(Path(given))
        return
    with reachable_folder("stack") as folder, started(folder / "home", "--wait", "300") as made:
        yield made
