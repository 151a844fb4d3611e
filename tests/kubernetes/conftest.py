"""One API server for all tests in this folder; `.ci/kubernetes` makes the machine ready for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import variables
from tests.api_server import ApiServer
from tests.flink_deployment import CRD


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an API server nothing here runs."""
    for item in items:
        if variables.given("FRAUDCTL_TEST_KUBERNETES") is None:
            item.add_marker(pytest.mark.skip("no API server is set up for tests: run make test-kubernetes"))
        elif not CRD.is_file():
            item.add_marker(pytest.mark.skip(f"the operator's definitions are not at {CRD.parent}"))


@pytest.fixture(scope="session")
def server() -> Iterator[ApiServer]:
    with tempfile.TemporaryDirectory(prefix="fraudctl-kubernetes-", dir="/tmp") as folder:
        found = ApiServer(Path(folder), Path(variables.given("FRAUDCTL_TEST_KUBERNETES") or ""))
        try:
            found.start()
            yield found
        finally:
            found.stop()
