"""What being watched does to a stack: the same runs by turns, watched and unwatched, on the stack that is up.

Run as a module: `python -m fraudctl.bench.watching_pairs [PAIRS [SECONDS [EVENTS [RATE]]]]`. A run is EVENTS
of a backlog (capacity; 0 leaves it out) and SECONDS at RATE (latency). Watched, the exporter runs and every
program is asked as Prometheus asks, by the stack's own where it has one; unwatched, neither runs. One stack
serves both, so both have the same compiled code, state and disk. Turns are mirrored, and a run ahead of all,
which is not counted, compiles. That our programs and Flink count is in both: no switch turns it off.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from fraudctl import engines
from fraudctl.bench import asking, capacity, conditions, paired, rate, spent
from fraudctl.console import result
from fraudctl.console.progress import Progress, progress
from fraudctl.console.result import Result, Table
from fraudctl.engines import targets
from fraudctl.engines.workers import EXPORTER
from fraudctl.errors import NotRunning
from fraudctl.flink.cluster import is_taskmanager
from fraudctl.waiting import until

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

PAIRS, SECONDS, EVENTS, RATE = 6, 60, 600_000, 5_000
MOST: Final = 0.03
"""How much capacity and p99 may differ, as aimed at."""
AIMED: Final = ("capacity_per_second", "p99_ms")
NOT_GOOD: Final = 5
STAGES: Final = 12
_COMPILERS: Final = ("C1 ", "C2 ")
"""Java's threads that compile, now much and now nothing: without them one run is more like the next."""
_PROMETHEUS: Final = "prometheus"
_WARMUP_S, _FLOOR_S, _SEED = 10.0, 5.0, 7
_LONG_S: Final = 120.0
_WAIT_S: Final = 3_600.0
_WORDS: Final = {True: "yes", False: "no", None: "these runs cannot tell"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of a run: `events` of a backlog, then `seconds` at `rate`."""

    seconds: float
    events: int
    rate: float


@dataclass(frozen=True, slots=True)
class Run:
    """Its figures by name; of the run at a rate also what each stage of the job took of an event, µs."""

    is_good: bool
    figures: Mapping[str, float | None]
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Found:
    """Runs in the order of the pairs."""

    sizes: Sizes
    unwatched: list[Run] = field(default_factory=list)
    watched: list[Run] = field(default_factory=list)

    def of(self, name: str) -> tuple[list[float | None], list[float | None]]:
        """One figure, unwatched and watched."""
        return [r.figures.get(name) for r in self.unwatched], [r.figures.get(name) for r in self.watched]

    def stage(self, name: str) -> tuple[list[float | None], list[float | None]]:
        return [r.stages.get(name) for r in self.unwatched], [r.stages.get(name) for r in self.watched]

    def ratios(self) -> dict[str, paired.Ratio]:
        """Watched by unwatched, of every figure that both have."""
        both = {name: paired.ratio(*self.of(name)) for name in self.watched[0].figures}
        return {name: one for name, one in both.items() if one is not None}


def run(stack: Stack, pairs: int, sizes: Sizes, shown: Progress) -> Found:
    """Raises NotRunning where the stack has no exporter here, or the job does not run."""
    if EXPORTER not in engines.of(stack).programs(stack):
        raise NotRunning("no exporter of this stack runs here", hint="see: fraudctl status")
    found = Found(sizes)
    try:
        with observed(stack, is_watched=True):
            measure(stack, sizes, _Noted("a run ahead", shown))
        for number, turn in enumerate(paired.mirrored(pairs)):
            name, runs = (("unwatched", found.unwatched), ("watched", found.watched))[turn]
            with observed(stack, is_watched=turn == 1):
                runs.append(measure(stack, sizes, _Noted(f"run {number + 1} of {2 * pairs}, {name}", shown)))
    finally:
        for program in _watchers(stack):
            engines.of(stack).start(stack, program)
    return found


class _Noted(Progress):
    """That of a run, with which of them it is."""

    def __init__(self, note: str, shown: Progress) -> None:
        self._note, self._shown = note, shown

    def update(self, done: float, note: str = "") -> None:
        self._shown.update(round(done), f"{self._note}: {note}")


@contextmanager
def observed(stack: Stack, is_watched: bool) -> Iterator[None]:
    """With all that watches running and asking, or with none of it."""
    engine = engines.of(stack)
    for program in _watchers(stack):
        (engine.start if is_watched else engine.stop)(stack, program)
    if not is_watched:
        yield
        return
    _await_answer(stack)
    with nullcontext() if _PROMETHEUS in _watchers(stack) else asking.asked(stack):
        yield


def measure(stack: Stack, sizes: Sizes, shown: Progress) -> Run:
    """One run of each kind."""
    plan = rate.Plan(sizes.rate, sizes.seconds, _WARMUP_S, _FLOOR_S, _SEED)
    backlog = capacity.Backlog(sizes.events, _SEED)
    whole = capacity.run(stack, backlog, False, _WAIT_S, shown) if sizes.events else None
    steady = rate.run(stack, plan, shown)
    programs, stages = steady["cpu_us_per_event"]["programs"], steady["cpu_us_per_event"]["stages"]
    figures = {
        "capacity_per_second": whole and whole["events_per_second"],
        "capacity_taskmanager_us": whole and whole["cpu_us_per_event"],
        "p50_ms": steady["latency_ms"]["p50"],
        "p99_ms": steady["latency_ms"]["p99"],
        "taskmanager_us": sum(us for name, us in programs.items() if is_taskmanager(name)),
        "stages_us": sum(us for name, us in stages.items() if not name.startswith(_COMPILERS)),
        "kafka_us": programs.get("kafka"),
        "all_programs_us": sum(us for name, us in programs.items() if name != spent.ITSELF),
    }
    return Run(steady["good"] and (whole is None or whole["good"]), figures, stages)


def answer(found: Found) -> Result:
    """Every run, the ratios with what bounds them, and whether each aim is met."""
    ratios = found.ratios()
    is_good = all(one.is_good for one in (*found.unwatched, *found.watched))
    verdicts = {name: ratios[name].differs(MOST) for name in AIMED if name in ratios}
    told = [
        f"{name} {ratios[name]}, beyond {MOST:.0%}: {_WORDS[differs]}" for name, differs in verdicts.items()
    ]
    machine = conditions.machine()
    data = {
        "good": is_good,
        "pairs": len(found.watched),
        "sizes": asdict(found.sizes),
        "unwatched": [asdict(one) for one in found.unwatched],
        "watched": [asdict(one) for one in found.watched],
        "ratios": {name: asdict(one) for name, one in ratios.items()},
        "differs": verdicts,
        "machine": machine,
    }
    summary = f"{'' if is_good else 'NOT GOOD: '}watched by unwatched: {'; '.join(told)}; {machine['cpu']}"
    return Result(summary, data, 0 if is_good else NOT_GOOD, (_runs(found, ratios), _stages(found)))


def _runs(found: Found, ratios: Mapping[str, paired.Ratio]) -> Table:
    rows = [
        (name, *map(_listed, found.of(name)), *map(_median, found.of(name)), str(one))
        for name, one in ratios.items()
    ]
    return Table("every run", ("", "unwatched", "watched", "median", "median, watched", "ratio"), rows)


def _stages(found: Found) -> Table:
    """The dearest of the TaskManagers' threads."""
    names = {name for one in (*found.unwatched, *found.watched) for name in one.stages}
    dearest = sorted(names, key=lambda name: -_median(found.stage(name)[1]))[:STAGES]
    rows = [(one, *map(_median, found.stage(one)), str(paired.ratio(*found.stage(one)))) for one in dearest]
    columns = ("stage", "unwatched", "watched", "ratio")
    return Table("TaskManagers' processor time an event, µs, medians", columns, rows)


def _listed(figures: Sequence[float | None]) -> str:
    return " ".join(
        "-" if one is None else f"{one:,.0f}" if one >= 1_000 else f"{one:.1f}" for one in figures
    )


def _median(figures: Sequence[float | None]) -> float:
    known = [one for one in figures if one is not None]
    return round(statistics.median(known), 2) if known else 0.0


def _watchers(stack: Stack) -> list[str]:
    there = engines.of(stack).programs(stack)
    return [name for name in (EXPORTER, _PROMETHEUS) if name in there]


def _await_answer(stack: Stack) -> None:
    address = targets.of(stack)[EXPORTER]

    def answers() -> bool:
        with suppress(NotRunning):
            return asking.ask(address) > 0
        return False

    until(answers, _LONG_S, lambda: NotRunning(f"no figures at {address}", hint="see: fraudctl status"))


def main(words: Sequence[str]) -> None:
    given = [float(word) for word in words]
    pairs, seconds, events, at_rate = [*given, *(PAIRS, SECONDS, EVENTS, RATE)[len(given) :]][:4]
    with progress("bench", None) as shown:
        found = run(engines.current(), int(pairs), Sizes(seconds, int(events), at_rate), shown)
    result.render(answer(found))


if __name__ == "__main__":
    main(sys.argv[1:])
