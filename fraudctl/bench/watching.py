"""What it costs to watch a running stack while traffic passes: the exporter, every `/metrics`, and `top`.

Run as a module beside a stack that is up: `python -m fraudctl.bench.watching [RATE [SECONDS]]`. Sends events
for twice that long: first Prometheus alone asks, as often as it does, then `top` looks as well. At last each
program is asked again and again.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import psutil

from fraudctl import engines
from fraudctl.bench import conditions, terminal
from fraudctl.bench.asking import ask, asked
from fraudctl.bench.conditions import Distribution, distribution
from fraudctl.bench.idle import resident_mb
from fraudctl.bench.load import Worker, Workload, numbers_of, send
from fraudctl.console import result
from fraudctl.console.result import Result, Table
from fraudctl.engines import targets
from fraudctl.engines.workers import EXPORTER
from fraudctl.errors import NotRunning
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

RATE, SECONDS = 5_000.0, 60.0
MOST: Final[Mapping[str, tuple[float, int | None]]] = {"exporter": (3.0, 60), "top": (5.0, None)}
"""What is aimed at: percent of a core, and megabytes."""
MOST_MS: Final = 50.0
"""of an answer, in the median"""
_ASKED_TIMES: Final = 20
_APART_S: Final = 1.0
_WARMUP_S: Final = 10.0
_CROWD: Final = 20
"""of fewer payers every second payment would be one that rules have something to say of"""


@dataclass(frozen=True, slots=True)
class Spent:
    """A process over a while: its share of a core in percent, and the memory it held at the end, of which
    pages that it shares count in part."""

    percent: float
    memory_mb: int

    def is_within(self, percent: float, memory_mb: int | None) -> bool:
        return self.percent <= percent and (memory_mb is None or self.memory_mb <= memory_mb)


@dataclass(frozen=True, slots=True)
class Watched:
    """`exporter` is asked by Prometheus alone, `exporter_beside_top` by `top` as well.
    `exporter_ms_per_answer` is its processor time of a question, its looks included, while nobody sends.

    `answers_ms` is by program: from the question to the whole answer, while the traffic passes.
    """

    rate: float
    seconds: float
    exporter: Spent
    exporter_beside_top: Spent
    top: Spent
    answers_ms: Mapping[str, Distribution]
    exporter_ms_per_answer: float

    def missed(self) -> list[str]:
        """What is beyond what is aimed at."""
        spent = {"exporter": self.exporter, "top": self.top}
        found = [name for name, one in spent.items() if not one.is_within(*MOST[name])]
        return found + [name for name, one in self.answers_ms.items() if (one.p50 or 0.0) >= MOST_MS]


def run(stack: Stack, rate: float, seconds: float) -> Watched:
    """Raises NotRunning where the exporter does not run on this machine, or a program does not answer."""
    exporter = _exporter(stack)
    own_ms = _per_answer(exporter, targets.of(stack)[EXPORTER])
    token = f"w{clock.now_ms():x}"
    workload = Workload(
        token, 7, clock.now_ms(), rate, hot_addresses=False, crowd=_CROWD, own=numbers_of(token)
    )
    count = int(rate * (_WARMUP_S + 2 * seconds + 2 * _ASKED_TIMES))
    sender = Worker(send, stack.kafka, stack.profile.topics.transactions, workload, count, time.time_ns())
    try:
        _rest(_WARMUP_S)
        [alone] = _spent(stack, [exporter], seconds)
        with terminal.top(stack.home) as top:
            beside, shown = _spent(stack, [exporter, top], seconds)
        answers = _asked(targets.of(stack))
        sender.result()
    finally:
        sender.close()
    return Watched(rate, seconds, alone, beside, shown, answers, own_ms)


def answer(found: Watched) -> Result:
    """The figures, with the machine they were taken on."""
    machine = conditions.machine()
    processes = {
        "exporter": found.exporter,
        "exporter, beside top": found.exporter_beside_top,
        "top": found.top,
    }
    spent = [(name, f"{one.percent:.1f} %", f"{one.memory_mb} MB") for name, one in processes.items()]
    asked = [(name, one.p50, one.p90, one.max) for name, one in found.answers_ms.items()]
    each = f"{found.exporter_ms_per_answer:g} ms of the exporter's processor time an answer"
    tables = (
        Table("", ("process", "of a core", "memory"), spent),
        Table("Answers, ms", ("program", "p50", "p90", "max"), asked),
    )
    data = asdict(found) | {"machine": machine, "load": _load(), "missed": found.missed()}
    verdict = f"too dear: {', '.join(found.missed())}" if found.missed() else "all within what is aimed at"
    taken = f"{machine['cpu']}, {found.rate:g} events/s for {found.seconds:g} s, load {_load()}"
    return Result(f"{verdict}; {each}; {taken}", data, tables=tables)


def _spent(stack: Stack, processes: Sequence[psutil.Process], seconds: float) -> list[Spent]:
    """What they take meanwhile, with all programs asked as Prometheus asks them."""
    began_s, before = time.monotonic(), [_seconds(one) for one in processes]
    with asked(stack):
        _rest(seconds)
    passed_s = time.monotonic() - began_s
    return [
        Spent(round(100 * (_seconds(one) - taken) / passed_s, 2), resident_mb(one.pid))
        for one, taken in zip(processes, before, strict=True)
    ]


def _per_answer(exporter: psutil.Process, address: str) -> float:
    """Milliseconds of processor time, without what it takes when it is not asked."""
    began = _seconds(exporter)
    _rest(_ASKED_TIMES * _APART_S)
    unasked = _seconds(exporter)
    for _ in range(_ASKED_TIMES):
        ask(address)
        _rest(_APART_S)
    return round(((_seconds(exporter) - unasked) - (unasked - began)) / _ASKED_TIMES * 1_000, 1)


def _asked(addresses: Mapping[str, str]) -> dict[str, Distribution]:
    """Milliseconds of the answers, a question a second: who asks more often is told the same again."""
    found: dict[str, list[float]] = {name: [] for name in addresses}
    for _ in range(_ASKED_TIMES):
        for name, address in addresses.items():
            found[name].append(ask(address))
        _rest(_APART_S)
    return {name: distribution(answers) for name, answers in found.items()}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _exporter(stack: Stack) -> psutil.Process:
    state = engines.of(stack).programs(stack).get(EXPORTER)
    if state is None or not state.pid:
        raise NotRunning("no exporter of this stack runs here", hint="see: fraudctl status")
    return psutil.Process(state.pid)


def _load() -> float:
    with suppress(OSError):
        return round(psutil.getloadavg()[0], 1)
    return 0.0


def _rest(seconds: float) -> None:
    threading.Event().wait(seconds)


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[1:3]]
    result.render(answer(run(engines.current(), *[*given, *(RATE, SECONDS)[len(given) :]])))
