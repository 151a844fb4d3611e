"""One stack of real servers for all tests in this folder, on free ports, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fraudctl.home.stack import Stack
from tests.homes import given_or_started


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with given_or_started("stack") as made:
        yield made
