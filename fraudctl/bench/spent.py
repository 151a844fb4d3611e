"""Processor time an event by process while traffic passes, of the TaskManagers also by stages of the job."""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from fraudctl import engines
from fraudctl.flink.cluster import is_taskmanager

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

ITSELF: Final = "the benchmark itself"
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_AT_LEAST_US: Final = 0.05
"""Threads that took less of an event are not told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Processor seconds so far: by program, and by name of the TaskManagers' threads."""

    programs: Mapping[str, float]
    stages: Mapping[str, float]


def read(stack: Stack) -> Reading:
    """What the stack's programs on this machine have taken; of an engine without processes, nothing."""
    pids = {name: one.pid for name, one in engines.of(stack).programs(stack).items() if one.pid}
    programs = {name: _family_s(pid) for name, pid in pids.items()}
    return Reading(programs, threads_s(pid for name, pid in pids.items() if is_taskmanager(name)))


def read_all(stack: Stack) -> Reading:
    """The same, and what this benchmark itself has taken, with those of its processes that have ended."""
    found = read(stack)
    taken = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Reading(
        {**found.programs, ITSELF: sum(one.ru_utime + one.ru_stime for one in taken)}, found.stages
    )


def per_event(before: Reading, after: Reading, events: int) -> dict[str, dict[str, float]]:
    """Microseconds of processor time an event: {"programs": {…}, "stages": {…}}, the dearest first."""
    return {
        "programs": _difference(before.programs, after.programs, events),
        "stages": _difference(before.stages, after.stages, events),
    }


def _difference(before: Mapping[str, float], after: Mapping[str, float], events: int) -> dict[str, float]:
    spent = {name: (s - before.get(name, 0.0)) * 1e6 / max(1, events) for name, s in after.items()}
    dearest = sorted(spent.items(), key=lambda one: -one[1])
    return {name: round(us, 2) for name, us in dearest if us >= _AT_LEAST_US}


def _family_s(pid: int) -> float:
    """A process and what it started, 0 for one that is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in family)
    except psutil.Error:
        return 0.0


def threads_s(pids: Iterable[int]) -> dict[str, float]:
    """By the first fifteen characters of a thread's name, which is what Linux keeps of it."""
    found: dict[str, float] = defaultdict(float)
    for task in (task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*")):
        try:
            name = (task / "comm").read_text().strip()
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[name] += (int(fields[11]) + int(fields[12])) * _TICK_S
    return dict(found)
