"""What the doctor looks at of the servers that an address names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.connections.tls import TlsFiles
from pipeline.sinks.postgres import Settings, rights


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("postgresql://u@a.example/x", [("a.example", "a.example", 5432)]),
        (
            "postgresql://u@a.example,b.example:5433/x",
            [("a.example", "a.example", 5432), ("b.example", "b.example", 5433)],
        ),
        (
            "host=a.example,b.example port=6000 user=u",
            [("a.example", "a.example", 6000), ("b.example", "b.example", 6000)],
        ),
        (
            "host=a.example,b.example hostaddr=10.0.0.1,10.0.0.2 user=u",
            [("a.example", "10.0.0.1", 5432), ("b.example", "10.0.0.2", 5432)],
        ),
        ("hostaddr=10.0.0.1 user=u", [("10.0.0.1", "10.0.0.1", 5432)]),
        ("host=/var/run/postgresql user=u", []),
        ("user=u", []),
    ],
)
def test_every_host_of_an_address_is_looked_at(address: str, found: list[tuple[str, str, int]]) -> None:
    told = Settings(sslmode="verify-full", ca_file=Path("ca.pem"))
    places = rights.places(address, told)
    assert [(one.name, one.host, one.port) for one in places] == found
    assert all(one.tls == TlsFiles(Path("ca.pem")) for one in places)


def test_what_is_not_checked_of_a_certificate_is_said_of_every_host() -> None:
    places = rights.places("postgresql://u@a.example,b.example/x", Settings(sslmode="require"))
    assert [one.unchecked for one in places] == ["sslmode require lets any certificate pass"] * 2
