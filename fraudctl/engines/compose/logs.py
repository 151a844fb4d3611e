"""The logs of a stack's containers: from Docker while there are any, from the home after `down`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from docker.errors import DockerException

from fraudctl.engines.compose.containers import Containers, ended_s, lines
from fraudctl.engines.contract import Line
from fraudctl.engines.following import followed
from fraudctl.engines.waiting import log_tail
from fraudctl.errors import Failed
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.stack import Paths

KEPT_LINES = 10_000
LOOK_S = 0.5


def names(home: Path) -> list[str]:
    """The programs whose logs there are."""
    there: Iterable[str] = ()
    with suppress(Failed):
        there = Containers(home).all()
    kept = (log.stem for log in Paths(home).logs.glob("*.log"))
    return sorted({*there, *kept} - {"submit"})


def tail(home: Path, program: str, count: int) -> list[str]:
    """The last lines of a program's log."""
    there = Containers(home)
    try:
        one = there.all().get(program)
    except Failed:
        one = None
    if one is None:
        return log_tail(Paths(home), program, count)
    return list(lines(iter([one.logs(tail=count)])))[-count:] if count else []


def read(home: Path, programs: Sequence[str], count: int, follow: bool) -> Iterator[Line]:
    """The last lines of each program's log, then, if followed, every new one."""
    for program in programs:
        yield from (Line(program, text) for text in tail(home, program, count))
    if follow:
        yield from followed(programs, lambda program: _lines(home, program))


def keep(home: Path) -> None:
    """Write the logs of the containers into the home: they are about to go."""
    make_folder(Paths(home).logs)
    for name, one in Containers(home).all().items():
        with open_private(Paths(home).logs / f"{name}.log", "wb") as file:
            file.write(one.logs(tail=KEPT_LINES))


def _lines(home: Path, program: str) -> Iterator[str]:
    """Docker ends the stream when the container does: it is followed again as long as there is one."""
    since: float | None = None
    with suppress(DockerException, Failed):
        while (one := Containers(home).all().get(program)) is not None:
            tail = 0 if since is None else "all"
            yield from lines(one.logs(stream=True, follow=True, tail=tail, since=since))
            one.reload()
            since = ended_s(one)
            time.sleep(LOOK_S)
