"""Which versions of a store's server are too old, and which are spoken to in the clear."""

from __future__ import annotations

import pytest

from pipeline.connections.way import Finding
from pipeline.sinks.rights import in_the_clear, too_old


@pytest.mark.parametrize("version", ["7.17", "7.17.0", "7.17.28", "8.19.3-SNAPSHOT", "10.0"])
def test_the_oldest_and_all_newer_ones_are_well(version: str) -> None:
    assert list(too_old("Elasticsearch", version, "7.17")) == []


@pytest.mark.parametrize("version", ["2.11.0", "7.2.99", "unknown", ""])
def test_older_ones_and_those_that_do_not_say_are_told_with_a_mend(version: str) -> None:
    said = f"Elasticsearch {version} is older than 7.17, which this is made for"
    [found] = too_old("Elasticsearch", version, "7.17")
    assert found == Finding("version", said, "take the server to 7.17 or later", is_broken=True)


@pytest.mark.parametrize(
    ("name", "address", "told"),
    [
        ("postgres", "postgresql://u@db.example.com/x", {"sslmode": "disable"}),
        ("redis", "redis://db.example.com:1/0", {}),
        ("redis", "redis+cluster://db.example.com:1", {}),
        ("elasticsearch", "http://db.example.com:1", {}),
        ("dynamodb", "http://db.example.com:1", {"region": "us-east-1"}),
        ("parquet", "s3://b/p", {"endpoint": "http://db.example.com:1"}),
    ],
)
def test_what_is_elsewhere_and_spoken_to_in_the_clear_is_known(
    name: str, address: str, told: dict[str, str]
) -> None:
    assert in_the_clear(name, address, told) == ["db.example.com"]


@pytest.mark.parametrize(
    ("name", "address", "told"),
    [
        ("postgres", "postgresql://u@db.example.com/x", {}),
        ("postgres", "postgresql://u@127.0.0.1/x", {}),
        ("redis", "rediss+sentinel://db.example.com:1/m", {}),
        ("elasticsearch", "127.0.0.1:9200", {}),
        ("dynamodb", "aws://eu-central-1", {}),
        ("parquet", "s3://b/p", {}),
        ("parquet", "file:///tmp/x", {}),
    ],
)
def test_what_is_here_or_has_tls_is_not(name: str, address: str, told: dict[str, str]) -> None:
    assert in_the_clear(name, address, told) == []
