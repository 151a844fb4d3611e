"""Uses up the disk quota of a sink writer: the kernel refuses every byte beyond a limit in each of its files.

A real quota needs root; the limit on a process's files (RLIMIT_FSIZE) is enforced by the kernel in the same
place and meets the same `write`. It is set on the running writer from outside and taken back later.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psutil

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.home.stack import Stack

NEEDS = ("target", "lasts", "limit_kb")


def targets() -> tuple[str, ...]:
    return ("sink-parquet",)


def words(fault: Fault) -> str:
    limit = fault.settings["limit_kb"]
    return f"refuse {fault.target} every byte beyond {limit} KB of a file for {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    _programs.check(stack, fault.target)
    process = psutil.Process(_programs.pid(stack, fault.target))
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    return {
        "pid": process.pid,
        "started": process.create_time(),
        "soft": soft,
        "hard": hard,
        "limit": fault.settings["limit_kb"] * 1024,
    }


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    _limit(memo, memo["limit"])


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    _limit(memo, memo["soft"])


def _limit(memo: Mapping[str, Any], soft: int) -> None:
    """Of that very process; one that was started since has no limit."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(memo["pid"])
        if process.create_time() == memo["started"]:
            process.rlimit(psutil.RLIMIT_FSIZE, (soft, memo["hard"]))
