"""`bench --compare BUILD`: this build and another one by turns, on one machine and at one time.

The rate of one build differs by a fifth from run to run, and the cores are shared, so only runs by turns say
which of two is faster. Both stacks are up the whole time, each in a home of its own; the turns are mirrored
(before, after, after, before, …), since the later run of a pair finds both warmer. Both are taken down and
purged at the end, whatever happens.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from fraudctl.bench import paired
from fraudctl.console.progress import Progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed, UsageError

if TYPE_CHECKING:
    from fraudctl.bench.answers import Machine

FIGURES: Final = (
    "events_per_second",
    "first_job_per_second",
    "cpu_us_per_event",
    "floor_per_second",
    "floor_cpu_us_per_event",
)
"""Of a capacity run; a run that lacks one (too short to tell) leaves it out."""
_LAST_WORDS: Final = 1_000


@dataclass(slots=True)
class Build:
    """One of the two: how it is called, its home, and the answers of its runs in their order."""

    name: str
    command: tuple[str, ...]
    home: Path
    runs: list[Mapping[str, Any]] = field(default_factory=list)
    """what another build says, of which this one knows figures and machine alone"""

    def call(self, *words: str) -> Any:
        """What a command of the build says in JSON. Failed with its own words where it did not succeed."""
        known = {name: one for name, one in os.environ.items() if _is_of_both(name)}
        env, command = known | {"FRAUDCTL_HOME": str(self.home)}, [*self.command, *words, "--json"]
        # In a checkout Python would find that one's modules first, whichever build is called.
        done = subprocess.run(command, env=env, cwd=self.home.parent, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-_LAST_WORDS:]
            raise Failed(
                f"{self.name}: fraudctl {' '.join(words)} did not succeed:\n{said}",
                hint="see that the build works by itself, in a home of its own",
                code="build",
            )
        return json.loads(done.stdout)["data"]

    def figures(self, name: str) -> list[float]:
        """One figure of every run."""
        return [float(run[name]) for run in self.runs if run.get(name) is not None]


class OfBuild(TypedDict):
    """All runs of one build."""

    command: tuple[str, ...]
    good: bool
    runs: dict[str, list[float]]


class Pairs(TypedDict):
    """The answer: figures of both, and the ratios of this build's to the other's."""

    pairs: int
    events: int
    before: OfBuild
    after: OfBuild
    ratios: dict[str, float | None]
    by_pairs: dict[str, paired.RatioDocument | None]
    machine: Machine


def _is_of_both(variable: str) -> bool:
    """Settings of this build's stack are nothing to either."""
    return not variable.startswith("FRAUDCTL_") or variable in ("FRAUDCTL_CACHE", "FRAUDCTL_MAVEN_URL")


def run(other: Path, pairs: int, events: int, seed: int, progress: Progress) -> Pairs:
    """All runs of both builds, medians, and the ratio of this build's to the other's."""
    commands = {"before": (str(program(other)),), "after": (sys.executable, "-m", "fraudctl")}
    with tempfile.TemporaryDirectory(prefix="fraudctl-pairs-") as folder:
        builds = [Build(name, command, Path(folder) / name) for name, command in commands.items()]
        with _both_up(builds, progress):
            sizes = ("--events", str(events), "--seed", str(seed))
            for number, turn in enumerate(paired.mirrored(pairs)):
                progress.update(number, f"{builds[turn].name}, run {number + 1} of {2 * pairs}")
                builds[turn].runs.append(builds[turn].call("bench", "--capacity", *sizes))
    return {
        "pairs": pairs,
        "events": events,
        "before": _of(builds[0]),
        "after": _of(builds[1]),
        "ratios": {name: ratio(*(build.figures(name) for build in builds)) for name in FIGURES},
        "by_pairs": {
            name: None if one is None else one.as_document() for name, one in by_pairs(*builds).items()
        },
        "machine": builds[1].runs[-1]["machine"],
    }


def answer(found: Pairs, not_good: int) -> Result:
    """As a table and JSON; the exit code where a run lost an event or differed from the reference."""
    rows = [
        (
            name,
            *(_listed(side["runs"][name]) for side in (found["before"], found["after"])),
            quotient,
            _bounds(found, name),
        )
        for name, quotient in found["ratios"].items()
    ]
    is_good = found["before"]["good"] and found["after"]["good"]
    summary = f"{found['ratios']['events_per_second']} times the capacity of the other build, by medians"
    table = Table("every run", ("", "before", "after", "after / before", "by pairs, 95 %"), rows)
    if is_good:
        return Result(summary, found, tables=(table,))
    return Result(f"NOT GOOD: {summary}", found, not_good, (table,))


def _bounds(found: Pairs, name: str) -> str:
    one = found["by_pairs"][name]
    return f"{one['low']} to {one['high']}" if one and one["low"] else ""


def _listed(figures: Sequence[float]) -> str:
    return " ".join(f"{one:,.0f}" if one >= 1_000 else f"{one:g}" for one in figures)


def program(build: Path) -> Path:
    """The `fraudctl` of a build: a checkout or an environment that has one, or the program itself."""
    places = (build, build / ".venv" / "bin" / "fraudctl", build / "bin" / "fraudctl")
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place.absolute()
    hint = "name a checkout with a .venv, a virtual environment, or its fraudctl"
    raise UsageError(f"there is no fraudctl in {build}", hint=hint)


def ratio(before: Sequence[float], after: Sequence[float]) -> float | None:
    """Median of the later build by that of the earlier; None without figures of both."""
    if not before or not after:
        return None
    return round(statistics.median(after) / statistics.median(before), 3)


def by_pairs(before: Build, after: Build) -> dict[str, paired.Ratio | None]:
    """The same pair by pair, with its bounds."""
    return {
        name: paired.ratio(*([run.get(name) for run in one.runs] for one in (before, after)))
        for name in FIGURES
    }


@contextmanager
def _both_up(builds: Sequence[Build], progress: Progress) -> Iterator[None]:
    try:
        for build in builds:
            progress.update(0, f"starting {build.name}")
            build.call("up", "--profile", "bench", "--any-port")
        yield
    finally:
        for build in builds:
            if build.home.exists():
                build.call("purge", "--yes")


def _of(build: Build) -> OfBuild:
    return {
        "command": build.command,
        "good": all(run["good"] for run in build.runs),
        "runs": {name: build.figures(name) for name in FIGURES},
    }
