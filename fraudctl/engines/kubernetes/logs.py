"""The logs of a release's pods. Kubernetes keeps those of pods that are there, and no others."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence

from fraudctl.engines.contract import Line
from fraudctl.engines.kubernetes import programs as programs_of
from fraudctl.engines.kubernetes.cluster import Cluster

MOST_PODS = 64


def read(cluster: Cluster, programs: Sequence[str], count: int, follow: bool) -> Iterator[Line]:
    """The last lines of each program's pods, then, if followed, every new one."""
    for program in programs:
        for text in cluster.ask(_argv(cluster, program, count)).splitlines():
            yield Line(program, text)
    if follow:
        yield from _followed(cluster, programs)


def tail(cluster: Cluster, program: str, count: int) -> list[str]:
    """The last lines of a program."""
    return cluster.ask(_argv(cluster, program, count)).splitlines()[-count:]


def _argv(cluster: Cluster, program: str, count: int, *more: str) -> list[str]:
    pods = ["-l", programs_of.selector(cluster, program), "--tail", str(count)]
    return ["logs", *pods, "--max-log-requests", str(MOST_PODS), *more]


def _followed(cluster: Cluster, programs: Sequence[str]) -> Iterator[Line]:
    """New lines of several programs as they come; ends when every stream has."""
    said: queue.Queue[Line | None] = queue.Queue()
    for program in programs:
        threading.Thread(target=_follow, args=(cluster, program, said), daemon=True).start()
    left = len(programs)
    while left:
        if (line := said.get()) is None:
            left -= 1
        else:
            yield line


def _follow(cluster: Cluster, program: str, said: queue.Queue[Line | None]) -> None:
    argv = cluster.command(_argv(cluster, program, 0, "--follow"))
    try:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
            for text in child.stdout or ():
                said.put(Line(program, text.rstrip("\n")))
    finally:
        said.put(None)
