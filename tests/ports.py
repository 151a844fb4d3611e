"""Ports of 127.0.0.1 for the servers of tests."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path

# Below the range from which outgoing connections are given theirs, so that none takes one before its server
# listens; and above those that a stack chooses from (fraudctl/engines/ports.py).
_RANGE = range(30_000, 32_768)
# A server of other tests that run at the same time may not listen yet, or not now: it was killed for a while.
_TAKEN = Path(tempfile.gettempdir()) / f"fraudctl-test-ports-{os.geteuid()}"
_KEPT = 500
_lately: deque[int] = deque()  # open files, each with the lock on one port


def free_port() -> int:
    """One on which nobody listens at this moment, and that no process of tests was given lately."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if _is_free(port) and _take(port):
            if len(_lately) > _KEPT:
                os.close(_lately.popleft())
            return port
    raise AssertionError(f"no port of {_RANGE} is free")


def free_ports(count: int) -> Sequence[int]:
    """So many different ones."""
    return [free_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as servers do: one that a connection of the past still holds can be listened on
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _take(port: int) -> bool:
    """Lock the port's file; whether no test process, this one neither, has it."""
    _TAKEN.mkdir(exist_ok=True)
    mark = os.open(_TAKEN / str(port), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(mark)
        return False
    _lately.append(mark)
    return True
