"""Ports of 127.0.0.1 for the servers of tests."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack


def free_port() -> int:
    """One on which nobody listens at this moment."""
    return free_ports(1)[0]


def free_ports(count: int) -> Sequence[int]:
    """So many different ones."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
