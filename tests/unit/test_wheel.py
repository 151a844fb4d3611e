"""What is read besides modules goes where the packages go."""

from __future__ import annotations

import tomllib
from pathlib import Path

from fraudctl.views import web
from pipeline import sinks

SINKS = Path(sinks.__file__).parent


def test_every_script_and_schema_is_in_the_wheel() -> None:
    settings = tomllib.loads((SINKS.parents[1] / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["pipeline.sinks"]
    shipped = {path for pattern in patterns for path in SINKS.glob(pattern)}
    assert shipped == {path for path in SINKS.rglob("*") if path.suffix in (".lua", ".sql")}
    assert len(shipped) == 8


def test_every_part_of_the_page_is_in_the_wheel() -> None:
    room = Path(web.__file__).parent
    root = room.parents[1]
    settings = tomllib.loads((root.parent / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["fraudctl"]
    shipped = {path for pattern in patterns for path in root.glob(pattern)}
    parts = {path for path in room.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg")}
    assert parts <= shipped
    assert len(parts) >= 10
