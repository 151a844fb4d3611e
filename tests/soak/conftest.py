"""A stack with every sink there is, and the figures that a soak run leaves in `build/soak.json`.

FRAUDCTL_TEST_HOME names a stack that runs already. FRAUDCTL_SOAK_EVENTS (1,000,000) and
FRAUDCTL_SOAK_SECONDS (600) make a run smaller.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fraudctl.bench.conditions import machine
from fraudctl.engines import current
from fraudctl.home.stack import Stack
from tests import variables
from tests.homes import reachable_folder, started

OUT = Path(__file__).resolve().parents[2] / "build" / "soak.json"


@dataclass
class Figures:
    """What was measured, beside what is aimed at. A missed aim is said; what is wrong fails a test."""

    events: int
    seconds: int
    found: dict[str, Any] = field(default_factory=dict)

    def note(self, what: str, figure: Any, aim: str = "", met: bool | None = None) -> None:
        self.found[what] = {"figure": figure, "aim": aim, "met": met}
        verdict = "" if met is None else " met" if met else " MISSED"
        print(f"{what}: {figure}{f' (aim: {aim}{verdict})' if aim else ''}", flush=True)


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    events = int(variables.given("FRAUDCTL_SOAK_EVENTS") or 1_000_000)
    kept = Figures(events, int(variables.given("FRAUDCTL_SOAK_SECONDS") or 600))
    yield kept
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(
        json.dumps({"machine": machine(), "events": events, "figures": kept.found}, indent=2) + "\n"
    )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    given = variables.given("FRAUDCTL_TEST_HOME")
    if given:
        yield current(Path(given))
        return
    options = ("--wait", "300", "--profile", "all-sinks")
    with reachable_folder("soak") as folder, started(folder / "home", *options) as made:
        yield made
