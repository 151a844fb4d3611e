"""`bench --idle`: what the stack takes while nobody sends anything: processor time and memory by program."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

from fraudctl import engines
from fraudctl.bench import spent
from fraudctl.bench.conditions import machine
from fraudctl.bench.speed import machine_speed
from fraudctl.console.progress import Progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed
from fraudctl.kafka import admin

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

_OWN = 64
"""Records that the stack itself may write to the topic while nobody sends: the last ticks."""

THREADS = 12
"""threads of the TaskManager that are told, the busiest"""


@dataclass(frozen=True, slots=True)
class Idle:
    """One program, with what it started: its share of one core (0.1 is a tenth) and its resident memory."""

    program: str
    cores: float
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Rest:
    """A stack at rest. `threads` has the cores of the TaskManager's threads."""

    seconds: float
    programs: tuple[Idle, ...]
    threads: dict[str, float]

    @property
    def cores(self) -> float:
        """Of all programs."""
        return round(sum(one.cores for one in self.programs), 3)

    @property
    def memory_mb(self) -> int:
        """Of all programs; what several share counts for each."""
        return sum(one.memory_mb for one in self.programs)

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "seconds": round(self.seconds, 1),
            "cores": self.cores,
            "memory_mb": self.memory_mb,
            "programs": [asdict(one) for one in self.programs],
            "taskmanager_threads": self.threads,
            "machine": machine(),
            "machine_speed": machine_speed(),
        }


def run(stack: Stack, seconds: float, progress: Progress) -> Rest:
    """Watch a stack that nobody uses. Failed where its programs are no processes of this machine, and where
    somebody sent transactions meanwhile."""
    sent, before, began = _sent(stack), spent.read(stack), time.monotonic()
    if not any(before.programs.values()):
        raise Failed("no program of the stack is a process of this machine", hint="measure a local stack")
    progress.update(0, f"watching for {seconds:.0f} s")
    time.sleep(seconds)
    after, took_s = spent.read(stack), time.monotonic() - began
    if (more := _sent(stack) - sent) > _OWN:
        raise Failed(f"{more} records came meanwhile, so the stack was not at rest", hint="stop what sends")
    memory = _memory_mb(stack)
    programs = [
        Idle(name, round(max(0.0, s - before.programs.get(name, 0.0)) / took_s, 4), memory.get(name, 0))
        for name, s in after.programs.items()
    ]
    threads = {
        name: round((s - before.stages.get(name, 0.0)) / took_s, 4) for name, s in after.stages.items()
    }
    busiest = sorted(threads.items(), key=lambda one: -one[1])[:THREADS]
    return Rest(took_s, tuple(sorted(programs, key=lambda one: -one.cores)), dict(busiest))


def answer(found: Rest) -> Result:
    """As tables and JSON."""
    rows = [(one.program, one.cores, one.memory_mb) for one in found.programs]
    summary = f"at rest for {found.seconds:.0f} s: {found.cores} of one core, {found.memory_mb:,} MB"
    programs = Table("programs", ("", "cores", "MB"), [*rows, ("all", found.cores, found.memory_mb)])
    threads = Table("threads of the TaskManager", ("", "cores"), list(found.threads.items()))
    return Result(summary, found.as_document(), tables=(programs, threads))


def _sent(stack: Stack) -> int:
    return sum(admin.end_offsets(stack.kafka, stack.profile.topics.transactions).values())


def _memory_mb(stack: Stack) -> dict[str, int]:
    pids = {name: one.pid for name, one in engines.of(stack).programs(stack).items() if one.pid}
    return {name: resident_mb(pid) for name, pid in pids.items()}


def resident_mb(pid: int) -> int:
    """A process and what it started, 0 for one that is gone. What they share is counted once, where the
    system tells."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return round(sum(_own_bytes(one) for one in family) / 2**20)
    except psutil.Error:
        return 0


def _own_bytes(process: psutil.Process) -> int:
    told = process.memory_full_info()
    return int(getattr(told, "pss", told.rss))
