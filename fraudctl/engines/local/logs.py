"""The logs of a stack's programs: the last lines, and new ones as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fraudctl.engines.contract import Line
from fraudctl.engines.waiting import log_tail
from fraudctl.home.stack import Paths
from fraudctl.waiting import every

LOOK_SECONDS = 0.2


def read(paths: Paths, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
    """The last lines of each program's log then, if followed, every new one."""
    positions = {name: _size(paths, name) for name in programs}
    for name in programs:
        yield from (Line(name, line) for line in (log_tail(paths, name, lines) if lines else []))
    rest = dict.fromkeys(programs, b"")
    for _ in every(LOOK_SECONDS) if follow else ():
        for name in programs:
            new, positions[name] = _new_bytes(paths.logs / f"{name}.log", positions[name])
            *whole, rest[name] = (rest[name] + new).split(b"\n")
            yield from (Line(name, line.decode("utf-8", "replace")) for line in whole)


def _size(paths: Paths, program: str) -> int:
    return (paths.logs / f"{program}.log").stat().st_size


def _new_bytes(path: Path, position: int) -> tuple[bytes, int]:
    """What was appended since; from the start again where the log has been rotated."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(position if size >= position else 0)
            new = file.read()
            return new, file.tell()
    except FileNotFoundError:
        return b"", 0
