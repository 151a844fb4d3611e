"""Which versions of a store's server are too old."""

from __future__ import annotations

import pytest

from pipeline.connections.way import Finding
from pipeline.sinks.rights import too_old


@pytest.mark.parametrize("version", ["7.17", "7.17.0", "7.17.28", "8.19.3-SNAPSHOT", "10.0"])
def test_the_oldest_and_all_newer_ones_are_well(version: str) -> None:
    assert list(too_old("Elasticsearch", version, "7.17")) == []


@pytest.mark.parametrize("version", ["2.11.0", "7.2.99", "unknown", ""])
def test_older_ones_and_those_that_do_not_say_are_told_with_a_mend(version: str) -> None:
    said = f"Elasticsearch {version} is older than 7.17, which this is made for"
    [found] = too_old("Elasticsearch", version, "7.17")
    assert found == Finding("version", said, "take the server to 7.17 or later", is_broken=True)
