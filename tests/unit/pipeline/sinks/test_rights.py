"""Which versions of a store's server are too old, and which are spoken to in the clear."""

from __future__ import annotations

import pytest

from pipeline.connections.way import Finding
from pipeline.sinks import rights
from pipeline.sinks.rights import in_the_clear, missing, too_old
from tests.ports import free_port


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


def test_rights_that_are_lacking_are_a_finding_with_its_mend() -> None:
    assert missing("tables", [], "postgres") == Finding("rights", "tables: all that is needed")
    assert missing("tables", ["a", "b"], "postgres") == Finding(
        "rights", "lacking: a, b", "give them: fraudctl grants postgres", is_broken=True
    )


def test_who_tells_people_of_alerts_needs_more_and_is_asked_for_by_name() -> None:
    plain = rights.needed("dynamodb", "aws://eu-central-1", {}, "")
    assert plain == rights.needed("dynamodb", "aws://eu-central-1", {}, "", notifies=False)
    telling = rights.needed("dynamodb", "aws://eu-central-1", {}, "", notifies=True)
    assert len(telling.text) > len(plain.text)


def test_nothing_is_asked_of_a_server_that_is_not_reached() -> None:
    dead = f"127.0.0.1:{free_port()}"
    found = list(rights.examine("redis", f"redis://{dead}/0", None, {}))
    assert [one for one in found if one.is_broken] == found[-1:]
    assert dead in found[-1].said
