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
from fraudctl.home.stack import Stack
from tests import variables
from tests.homes import given_or_started

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
    with given_or_started("soak", "--profile", "all-sinks") as made:
        yield made
