"""Ports of 127.0.0.1 for the servers of tests."""

from __future__ import annotations

import random
import socket
from collections import deque
from collections.abc import Sequence

# Below the range from which outgoing connections are given theirs, so that none takes one before its server
# listens; and above those that a stack chooses from (fraudctl/engines/ports.py).
_RANGE = range(30_000, 32_768)
_lately: deque[int] = deque(maxlen=500)


def free_port() -> int:
    """One on which nobody listens at this moment, and that this process was not given lately."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if port not in _lately and _is_free(port):
            _lately.append(port)
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
