"""How PostgreSQL is asked for: by an address, and by what a profile says beside it."""

from __future__ import annotations

import pytest

from pipeline.sinks.postgres import Settings
from pipeline.sinks.postgres.client import conninfo


@pytest.mark.parametrize(
    ("address", "told", "mode"),
    [
        ("postgresql://u@db.example.com/x", {}, "verify-full"),
        ("postgresql://u@10.0.0.7,127.0.0.1/x", {}, "verify-full"),
        ("postgresql://u@db.example.com/x?hostaddr=127.0.0.1", {}, "verify-full"),
        ("postgresql://u@db.example.com/x?sslmode=verify-ca", {}, "verify-ca"),
        ("postgresql://u@db.example.com/x", {"sslmode": "disable"}, "disable"),
        ("postgresql://u@db.example.com/x?sslmode=prefer", {"sslmode": "require"}, "require"),
        ("postgresql://u@127.0.0.1:5/x", {}, None),
        ("postgresql://u@localhost/x", {}, None),
        ("postgresql://u@[::1]/x", {}, None),
        ("postgresql://%2Fvar%2Frun/x", {}, None),
        ("postgresql://u@127.0.0.1/x?sslmode=prefer", {}, "prefer"),
    ],
)
def test_a_server_elsewhere_must_prove_its_name_unless_something_else_is_said(
    address: str, told: dict[str, str], mode: str | None
) -> None:
    assert conninfo(address, Settings(**told)).get("sslmode") == mode
