"""The import contracts name all that there is of a kind, and the page of the architecture says the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fraudctl import engines

ROOT = Path(__file__).parents[2]
SETTINGS, ARCHITECTURE = ROOT / "pyproject.toml", ROOT / "docs" / "architecture.md"


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


@pytest.mark.parametrize("package", ["fraudctl", "pipeline"])
def test_the_page_of_the_architecture_lists_every_room_and_none_above_one_that_may_import_it(
    package: str,
) -> None:
    layers = contract(f"Rooms of {package}")["layers"]
    floors = {room: floor for floor, rooms in enumerate(layers) for room in re.split(" [|:] ", rooms)}
    rows = re.findall(rf"^\| (`{package}/\w[^|]*)", ARCHITECTURE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = [re.findall(rf"`{package}/(\w+)", row) for row in rows]
    assert floors.keys() - {room for row in listed for room in row} == set()
    lowest = [max(floors[room] for room in row) for row in listed if floors.keys() >= set(row)]
    assert lowest == sorted(lowest)
