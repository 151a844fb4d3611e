"""The import contracts that name extensions name all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fraudctl import engines

SETTINGS = Path(__file__).parents[2] / "pyproject.toml"


def contract(name: str) -> dict[str, Any]:
    found = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return next(one for one in found if one["name"] == name)


def test_no_engine_knows_another() -> None:
    named = contract("Engines do not know each other")["modules"]
    assert sorted(named) == [f"fraudctl.engines.{name}" for name in engines.names()]


def test_nobody_looks_into_any_engine() -> None:
    named = contract("Nobody but the engines' own folder looks into an engine")["forbidden_modules"]
    assert {one for one in named if one.startswith("fraudctl.")} == {
        f"fraudctl.engines.{name}" for name in engines.names()
    }
