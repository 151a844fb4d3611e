"""For the tests of single parts: no server, no network, no waiting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel_process import KernelProcess


@pytest.fixture(scope="session")
def kernel() -> Iterator[KernelProcess]:
    """One JVM kernel for every test that asks it; it keeps nothing from one case to the next."""
    with KernelProcess() as process:
        yield process
