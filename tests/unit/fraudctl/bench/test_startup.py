"""The benchmark of starting up."""

from __future__ import annotations

import pytest

from fraudctl.bench import conditions, startup
from fraudctl.bench.startup import Command, Startup
from fraudctl.console.progress import Progress


@pytest.mark.slow
def test_help_is_measured_beside_the_bare_interpreter() -> None:
    (found,) = startup.run(["schema show"], Progress()).commands
    assert found.command == "schema show"
    assert found.help_ms > found.bare_ms > 0
    assert found.times_bare > 1


def test_the_slowest_command_counts() -> None:
    found = Startup((Command("up", 20.0, 90.0, 4.5), Command("down", 20.0, 100.0, 5.0)))
    assert found.as_document() == {
        "commands": [
            {"command": "up", "bare_ms": 20.0, "help_ms": 90.0, "times_bare": 4.5},
            {"command": "down", "bare_ms": 20.0, "help_ms": 100.0, "times_bare": 5.0},
        ],
        "times_bare_at_most": 5.0,
        "machine": conditions.machine(),
        "versions": conditions.versions(),
    }
