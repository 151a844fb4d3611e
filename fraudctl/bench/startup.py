"""How long a command takes to show its help, in times of the bare interpreter: what everybody waits for."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from fraudctl.bench import conditions
from fraudctl.console.progress import Progress

PAIRS = 5


@dataclass(frozen=True, slots=True)
class Command:
    """Medians; `times_bare` is that of the ratios, each of two runs one after the other."""

    command: str
    bare_ms: float
    help_ms: float
    times_bare: float


@dataclass(frozen=True, slots=True)
class Startup:
    """Every command that was measured."""

    commands: tuple[Command, ...]

    @property
    def times_bare_at_most(self) -> float:
        """Of the slowest command."""
        return max(one.times_bare for one in self.commands)

    def as_document(self) -> dict[str, object]:
        """In JSON, with the machine and the versions."""
        return {
            "commands": [asdict(one) for one in self.commands],
            "times_bare_at_most": self.times_bare_at_most,
            "machine": conditions.machine(),
            "versions": conditions.versions(),
        }


def run(commands: Sequence[str], shown: Progress) -> Startup:
    """Measure every command's help beside the bare interpreter; "" is the help of all."""
    found = []
    for done, name in enumerate(commands):
        shown.update(done, name)
        found.append(_measured(name))
    return Startup(tuple(found))


def _measured(name: str) -> Command:
    arguments = ["-m", "fraudctl", *name.split(), "--help"]
    pairs = [(_seconds(["-c", "pass"]), _seconds(arguments)) for _ in range(PAIRS)]
    return Command(
        name,
        round(1000 * statistics.median(bare for bare, _ in pairs), 1),
        round(1000 * statistics.median(full for _, full in pairs), 1),
        round(statistics.median(full / bare for bare, full in pairs), 2),
    )


def _seconds(arguments: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
