"""What the other tests wait with: after a kill nobody of the family is left who could still answer."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.waiting import await_death, await_none_left, await_that, family, is_dead, kill_family

PARENT = """
import socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", 0))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[server.fileno()])
print(server.getsockname()[1], flush=True)
time.sleep(600)
"""
"""Its child holds the listening socket too, as a PostgreSQL backend holds its connection."""


def test_a_killed_server_answers_nobody_any_more_though_its_child_shares_the_socket() -> None:
    server = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    socket.create_connection(("127.0.0.1", port)).close()
    everybody = family(server.pid)
    kill_family(server.pid)
    assert (len(everybody), [is_dead(one) for one in everybody]) == (2, [True, True])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    server.communicate()
    assert family(server.pid) == []
    await_death(everybody)


def test_a_condition_that_is_never_met_is_named() -> None:
    with pytest.raises(AssertionError, match=r"not within 0 s: the moon is cheese"):
        await_that(lambda: False, "the moon is cheese", wait_s=0)


def test_what_comes_nearer_is_waited_for_however_long_and_what_stands_still_is_named() -> None:
    clock, counts = [0.0], {"slow": 5, "quick": 1}

    def sleep(_: float) -> None:
        clock[0] += 9
        counts["slow"] = max(counts["slow"] - 1, 0)
        counts["quick"] = 0

    await_none_left(lambda: counts, "sinks are behind", 10, lambda: clock[0], sleep)
    assert clock == [45.0]
    counts |= {"slow": 3, "stuck": 2}
    with pytest.raises(AssertionError, match=r"for 10 s no nearer: stuck; sinks are behind: .*'stuck': 2"):
        await_none_left(lambda: counts, "sinks are behind", 10, lambda: clock[0], sleep)
