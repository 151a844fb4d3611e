"""What the sinks read besides their modules goes where the package goes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pipeline import sinks
from pipeline.sinks.postgres import statements
from pipeline.sinks.redis import scripts

SINKS = Path(sinks.__file__).parent


def test_every_script_and_schema_is_in_the_wheel() -> None:
    settings = tomllib.loads((SINKS.parents[1] / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["pipeline.sinks"]
    shipped = {path for pattern in patterns for path in SINKS.glob(pattern)}
    assert shipped == {path for path in SINKS.rglob("*") if path.suffix in (".lua", ".sql")}
    assert len(shipped) == 5


def test_scripts_that_write_are_refused_by_a_server_without_memory_before_they_begin() -> None:
    assert [text.startswith("#!lua\n") for text in (scripts.PUT, scripts.FORGET)] == [
        True,
        True,
    ]


def test_every_version_of_the_schema_has_its_statements() -> None:
    there = [statements.schema(version) for version in range(1, statements.SCHEMA_VERSION + 1)]
    assert all(there)
    assert not (SINKS / "postgres" / f"schema_{len(there) + 1}.sql").exists()
