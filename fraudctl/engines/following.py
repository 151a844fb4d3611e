"""Several logs followed at once, their lines in the order in which they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from fraudctl.engines.contract import Line


def followed(programs: Sequence[str], lines: Callable[[str], Iterable[str]]) -> Iterator[Line]:
    """What `lines` yields of each program, each in a thread of its own; ends when all of them have ended."""
    said: queue.Queue[Line | None] = queue.Queue()

    def follow(program: str) -> None:
        try:
            for text in lines(program):
                said.put(Line(program, text))
        finally:
            said.put(None)

    for program in programs:
        threading.Thread(target=follow, args=(program,), daemon=True).start()
    left = len(programs)
    while left:
        if (line := said.get()) is None:
            left -= 1
        else:
            yield line
