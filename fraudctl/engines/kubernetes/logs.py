"""The logs of a release's pods. Kubernetes keeps those of pods that are there, and no others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

from fraudctl.engines.contract import Line
from fraudctl.engines.following import followed
from fraudctl.engines.kubernetes import programs as programs_of
from fraudctl.engines.kubernetes.cluster import Cluster

MOST_PODS = 64


def read(cluster: Cluster, programs: Sequence[str], count: int, follow: bool) -> Iterator[Line]:
    """The last lines of each program's pods, then, if followed, every new one."""
    for program in programs:
        for text in cluster.ask(_argv(cluster, program, count)).splitlines():
            yield Line(program, text)
    if follow:
        yield from followed(programs, lambda program: _lines(cluster, program))


def tail(cluster: Cluster, program: str, count: int) -> list[str]:
    """The last lines of a program."""
    return cluster.ask(_argv(cluster, program, count)).splitlines()[-count:]


def _argv(cluster: Cluster, program: str, count: int, *more: str) -> list[str]:
    pods = ["-l", programs_of.selector(cluster, program), "--tail", str(count)]
    return ["logs", *pods, "--max-log-requests", str(MOST_PODS), *more]


def _lines(cluster: Cluster, program: str) -> Iterator[str]:
    """New lines of a program's pods as they come."""
    argv = cluster.command(_argv(cluster, program, 0, "--follow"))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        for text in child.stdout or ():
            yield text.rstrip("\n")
