"""How fast a backtest is: the same labelled payments by the kernel and by the reference.

Needs no stack. Run as a module: `python -m fraudctl.bench.backtests [EVENTS [OF_THE_REFERENCE]]`. The
answers of both engines on the same file must be the same, or it ends with an error.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fraudctl.bench import conditions
from fraudctl.compare.backtest import Engine, Order, run
from fraudctl.console import result
from fraudctl.console.progress import Progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed
from fraudctl.files.options import ReadOptions
from fraudctl.home import rulesets
from pipeline.records.quantities import format_time
from pipeline.rules.plan import PlanSettings

EVENTS = 300_000
OF_THE_REFERENCE = 50_000
_START_MS = 1_767_225_600_000
_EVERY_MS = 2_000
_USERS, _DEVICES, _MERCHANTS = 20_000, 25_000, 900


@dataclass(frozen=True, slots=True)
class Measured:
    """One backtest. Processor seconds of this process and of the kernel's, seconds that passed."""

    engine: str
    events: int
    python_s: float
    kernel_s: float
    passed_s: float

    @property
    def row(self) -> tuple[object, ...]:
        """For a table: of each event the processor time in µs, and events a second."""
        used = self.python_s + self.kernel_s
        share = [round(seconds / self.events * 1e6, 1) for seconds in (self.python_s, self.kernel_s, used)]
        return self.engine, self.events, *share, round(self.events / used), round(self.events / self.passed_s)


COLUMNS = ("engine", "events", "Python µs", "kernel µs", "both µs", "events/s of one core", "events/s passed")


def measured(path: Path, events: int, engine: Engine) -> tuple[Measured, dict[str, object]]:
    """A backtest of the default rule set, and its answer without the time that it took."""
    ruleset = rulesets.find("default", Path.home())[0]
    wall, python, kernel = time.perf_counter(), time.process_time(), _of_children()
    found = run(Order(path, ReadOptions(), ruleset, PlanSettings(), engine=engine), Progress())
    python, kernel = time.process_time() - python, _of_children() - kernel
    answer = {name: value for name, value in found.as_document().items() if name != "seconds"}
    return Measured(engine.value, events, python, kernel, time.perf_counter() - wall), answer


def compared(events: int, of_the_reference: int) -> list[Measured]:
    """The kernel on all, then both engines on the first of them. Failed when those differ."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        whole = written(Path(folder) / "whole.jsonl", events)
        part = written(Path(folder) / "part.jsonl", of_the_reference)
        found = [measured(whole, events, Engine.KERNEL)[0]]
        answers = []
        for engine in Engine:
            one, answer = measured(part, of_the_reference, engine)
            found.append(one)
            answers.append(answer)
    if answers[0] != answers[1]:
        raise Failed(
            "the engines differ",
            hint="a fault of fraudctl: tests/unit/pipeline/kernel/test_parity.py finds where",
            code="engines_differ",
        )
    return found


def written(path: Path, events: int) -> Path:
    """Payments with labels, the same at each call: a few users pay often, and one in a hundred is fraud."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            user = chance.randrange(_USERS if chance.random() < 0.98 else 50)
            file.write(
                f'{{"event_id":"e{number}","user_id":"u{user}",'
                f'"event_time":"{format_time(_START_MS + number * _EVERY_MS)}",'
                f'"amount":{chance.randrange(100, 50_000) / 100},"currency":"EUR",'
                f'"ip":"10.{user % 250}.{chance.randrange(4)}.7","device_id":"d{chance.randrange(_DEVICES)}",'
                f'"card_id":"c{user}-{chance.randrange(2)}","merchant_id":"m{chance.randrange(_MERCHANTS)}",'
                f'"country":"{chance.choice(("DE", "FR", "GB"))}","label":{int(chance.random() < 0.01)}}}\n'
            )
    return path


def answer(found: list[Measured]) -> Result:
    """The figures with the machine, and how much memory this process and the kernel took at most."""
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    machine = conditions.machine()
    own, kernel = (round(peak / 1024) for peak in peaks)
    data = {
        "runs": [dict(zip(COLUMNS, one.row, strict=True)) for one in found],
        "peak_mb": {"python": own, "kernel": kernel},
        "machine": machine,
    }
    summary = f"{machine['cpu']}, Python {machine['python']}, at most {own} and {kernel} MB"
    return Result(summary, data, tables=(Table("", COLUMNS, [one.row for one in found]),))


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sizes = [int(one) for one in sys.argv[1:3]]
    result.render(answer(compared(*(sizes + [EVENTS, OF_THE_REFERENCE][len(sizes) :]))))
