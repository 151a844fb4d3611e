"""Runs tests again and again, each time in a child of a process that has loaded what others have made: to
start Python and load all of that takes longer than the tests of most modules. `tests/mutants.py` asks it.

A line `{"argv": [...], "wait_s": 1.5}` is answered by how pytest ended, `null` where that took too long.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final

import pytest

OTHERS: Final = ("pydantic", "yaml", "psutil", "httpx", "confluent_kafka.admin", "psycopg", "redis", "typer")
"""None of ours, which each child is to load anew, and no plug-in of pytest, which rewrites its own."""


def ended(argv: Sequence[str], wait_s: float) -> int | None:
    """How a run of pytest ends; None for one that takes longer, of which nothing stays."""
    child = os.fork()
    if child == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        os._exit(pytest.main(list(argv)))
    known = os.pidfd_open(child)
    in_time = bool(select.select([known], [], [], wait_s)[0])
    os.close(known)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # with what it has started and not ended
    _, how = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(how) if in_time else None


def main() -> None:
    for name in OTHERS:
        import_module(name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(ended(**json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
