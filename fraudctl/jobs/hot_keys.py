"""Which keys have most of the traffic, step by step of the live job, as its kernel counts them.

What is counted lies in the tasks alone and is told by Flink's REST interface: who reaches that may see the
keys. It begins anew with each start of the tasks, and what came a minute ago weighs half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from fraudctl.errors import NotRunning
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import LIVE

_NAME: Final = "hot keys by "


@dataclass(frozen=True, slots=True)
class HotKey:
    """A key and its part of what came: between `at_least` and `share`, both 0 to 1."""

    key: str
    share: float
    at_least: float


@dataclass(frozen=True, slots=True)
class HotHop:
    """A step: by what it is keyed, the weight of what was counted, the hottest keys first."""

    by: str
    counted: int
    keys: Sequence[HotKey]

    @property
    def hottest(self) -> float:
        """The share of the hottest key, 0 without any."""
        return self.keys[0].share if self.keys else 0.0


@dataclass(frozen=True, slots=True)
class _Report:
    """What one subtask tells: its weight, and of each key its count, at most and at least."""

    counted: int
    keys: list[tuple[str, int, int]]


_REPORTS: Final = TypeAdapter(list[_Report])


def of(stack: Stack, timeout_s: float = 10.0) -> list[HotHop]:
    """Every step of the live job that counts, by name. NotRunning without a job."""
    flink = Flink(stack.flink, timeout_s=timeout_s)
    jobs = flink.live(LIVE)
    if not jobs:
        raise NotRunning("the live job does not run", hint="submit it with: fraudctl job submit")
    return of_job(flink, jobs[0].job_id)


def of_job(flink: Flink, job_id: str) -> list[HotHop]:
    """The same of one that is known to run."""
    told = flink.accumulators(job_id)
    return [_merged(name.removeprefix(_NAME), told[name]) for name in sorted(told) if name.startswith(_NAME)]


def _merged(by: str, told: str) -> HotHop:
    """Of all subtasks: a key is with one of them."""
    reports = _REPORTS.validate_json(told)
    counted = sum(report.counted for report in reports)
    found = sorted((-most, key, least) for report in reports for key, most, least in report.keys)
    return HotHop(
        by, counted, [HotKey(_words(key), -most / counted, least / counted) for most, key, least in found]
    )


def _words(key: str) -> str:
    """One of several fields has them behind each other, with what none holds between them."""
    return " + ".join(key.split("\0"))
