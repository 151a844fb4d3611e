"""What the doctor looks at of the servers that an address names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.connections.tls import TlsFiles
from pipeline.sinks.postgres import Settings, rights
from pipeline.sinks.postgres.statements import SCHEMA_VERSION
from pipeline.sinks.rights import Asked


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


def test_who_makes_the_tables_needs_nothing_on_them() -> None:
    found = rights.needed(Asked("postgresql://risk@h/pay", Settings(), "other"))
    assert found.text == (
        'GRANT CONNECT, TEMPORARY ON DATABASE "pay" TO "risk";\n'
        'GRANT USAGE, CREATE ON SCHEMA public TO "risk";'
    )
    assert found.document == {
        "role": "risk",
        "database": "pay",
        "grants": [
            {"on": 'DATABASE "pay"', "privileges": ["CONNECT", "TEMPORARY"]},
            {"on": "SCHEMA public", "privileges": ["USAGE", "CREATE"]},
        ],
    }


def test_who_does_not_make_the_tables_is_given_each_by_its_name_and_they_are_made() -> None:
    lines = rights.needed(Asked("postgresql://h", Settings(create=False), 'o"ther')).text.splitlines()
    grants = [line for line in lines if line.startswith("GRANT")]
    assert grants == [
        'GRANT CONNECT, TEMPORARY ON DATABASE "fraudctl" TO "o""ther";',
        'GRANT USAGE ON SCHEMA public TO "o""ther";',
        'GRANT SELECT ON TABLE risk_schema TO "o""ther";',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE risk_scores TO "o""ther";',
        'GRANT SELECT, INSERT, DELETE ON TABLE rule_triggers TO "o""ther";',
        'GRANT SELECT, INSERT, UPDATE ON TABLE job_runs TO "o""ther";',
    ]
    assert lines[0] == "CREATE TABLE risk_schema (version integer NOT NULL);"
    assert f"INSERT INTO risk_schema VALUES ({SCHEMA_VERSION});" in lines
    assert lines[-len(grants) :] == grants
    assert rights.needed(Asked("postgresql://h", Settings(), "")).document == {
        "role": "fraudctl",
        "database": "fraudctl",
        "grants": [
            {"on": 'DATABASE "fraudctl"', "privileges": ["CONNECT", "TEMPORARY"]},
            {"on": "SCHEMA public", "privileges": ["USAGE", "CREATE"]},
        ],
    }
