"""The kernel's packages lie in floors: a class names its own and those below, never one beside or above.

The import contract of the Java half, as `tool.importlinter` in `pyproject.toml` has that of the Python half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.kernel.build import SOURCES

ROOT = "kernel"
FLOORS = (
    (ROOT,),
    ("decision", "hop"),
    ("order", "state"),
    ("source", "plan", "checkpoint"),
    ("event", "schema"),
    ("wire", "connection"),
)
"""From the top. Packages of one floor do not know each other."""

FLOOR = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
NAMED = re.compile(r"\bfraudctl\.kernel\.(?:([a-z]\w*)\b|[A-Z*])")
"""A package or a class of the root, imported or by its whole name."""


def sources() -> list[Path]:
    return sorted(SOURCES.rglob("*.java"))


def package(source: Path) -> str:
    return source.parent.name


def named(text: str) -> set[str]:
    """The packages that a source names below its own `package` line."""
    rest = re.sub(r"^package .*;", "", text)
    return {match[1] or ROOT for match in NAMED.finditer(rest)}


def arrows_up(package: str, targets: Iterable[str]) -> set[str]:
    return {f"{package} -> {target}" for target in targets if FLOOR[target] <= FLOOR[package]}


def test_every_package_has_its_floor_and_the_root_has_the_classes_that_are_started() -> None:
    assert {package(source) for source in sources()} == set(FLOOR)
    assert {source.stem for source in sources() if package(source) == ROOT} == {
        "Backtest",
        "Offline",
        "Wiring",
    }


def test_a_class_is_declared_in_the_package_of_its_folder() -> None:
    wrong = []
    for source in sources():
        folder = ".".join(source.parent.relative_to(SOURCES).parts)
        if not source.read_text(encoding="utf-8").startswith(f"package {folder};\n"):
            wrong.append(source.name)
    assert wrong == []


def test_no_class_names_a_package_beside_or_above_its_own() -> None:
    wrong = set()
    for source in sources():
        wrong |= arrows_up(package(source), named(source.read_text(encoding="utf-8")))
    assert wrong == set()


def test_every_way_to_name_a_package_is_seen() -> None:
    text = (
        "package fraudctl.kernel.event;\n"
        "import fraudctl.kernel.wire.Json;\n"
        "import static fraudctl.kernel.plan.Plan.ALWAYS;\n"
        "import fraudctl.kernel.source.*;\n"
        "import fraudctl.kernel.Wiring;\n"
        "/** {@link fraudctl.kernel.hop.Features} */\n"
        "final class Event { fraudctl.kernel.state.KeyState state; }\n"
    )
    assert named(text) == {"wire", "plan", "source", ROOT, "hop", "state"}
    assert arrows_up("event", named(text)) == {
        "event -> plan",
        "event -> source",
        "event -> kernel",
        "event -> hop",
        "event -> state",
    }
