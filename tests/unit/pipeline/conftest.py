"""Shared by the rooms of the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock_kafka import MockKafka


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with MockKafka() as cluster:
        yield cluster
