"""Shared by the tests of that store: a name that no other test has, and a client of the node."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from pipeline.sinks.elasticsearch.server import Server as Client

_aliases = count()


@pytest.fixture
def alias() -> str:
    return f"test-{next(_aliases)}"


@pytest.fixture
def client(elasticsearch_server: Any) -> Iterator[Client]:
    client = Client(elasticsearch_server.address, None)
    yield client
    client.close()
