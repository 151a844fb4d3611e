"""The logs of a release's pods. Kubernetes keeps those of pods that are there, and no others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

from fraudctl.console.streams import say
from fraudctl.engines.contract import Line
from fraudctl.engines.following import followed
from fraudctl.engines.kubernetes import programs as programs_of
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.errors import Failed

MOST_PODS = 64


def read(cluster: Cluster, programs: Sequence[str], count: int, follow: bool) -> Iterator[Line]:
    """The last lines of each program's pods, then, if followed, every new one.

    A pod that has not begun has none, and that the cluster says so keeps nobody from those of others.
    """
    for program in programs:
        try:
            said = cluster.ask(_argv(cluster, program, count))
        except Failed as failure:
            if len(programs) == 1:
                raise
            say(f"{program}: {_last(failure)}")
            continue
        yield from (Line(program, text) for text in said.splitlines())
    if follow:
        yield from followed(programs, lambda program: _lines(cluster, program))


def tail(cluster: Cluster, program: str, count: int) -> list[str]:
    """The last lines of a program; where there are none to be had, why."""
    try:
        return cluster.ask(_argv(cluster, program, count)).splitlines()[-count:]
    except Failed as failure:
        return [_last(failure)]


def _last(failure: Failed) -> str:
    """What the cluster said, without our words ahead of it."""
    return failure.message.splitlines()[-1].strip()


def _argv(cluster: Cluster, program: str, count: int, *more: str) -> list[str]:
    pods = ["-l", programs_of.selector(cluster, program), "--tail", str(count)]
    return ["logs", *pods, "--max-log-requests", str(MOST_PODS), *more]


def _lines(cluster: Cluster, program: str) -> Iterator[str]:
    """New lines of a program's pods as they come."""
    argv = cluster.command(_argv(cluster, program, 0, "--follow"))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        for text in child.stdout or ():
            yield text.rstrip("\n")
