"""The statements of each version of the schema."""

from __future__ import annotations

from pathlib import Path

from pipeline import sinks
from pipeline.sinks.postgres import statements

SINKS = Path(sinks.__file__).parent


def test_every_version_of_the_schema_has_its_statements() -> None:
    there = [statements.schema(version) for version in range(1, statements.SCHEMA_VERSION + 1)]
    assert all(there)
    assert not (SINKS / "postgres" / f"schema_{len(there) + 1}.sql").exists()
