"""Those who ask for figures as nobody should: without pause, without an end, without listening."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.waiting import LONG_S

HANGING = 20
"""at each address, half of which say nothing at all"""
_ASKED = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@contextmanager
def pestering(addresses: Collection[str]) -> Iterator[list[int]]:
    """At each of these, all the time. Gives how often was asked without listening, so far."""
    over, asked = threading.Event(), [0]
    flood = threading.Thread(target=_flood, args=(addresses, over, asked), daemon=True)
    with ExitStack() as held:
        for address in addresses:
            for number in range(HANGING):
                one = held.enter_context(_connection(address))
                if number % 2:
                    one.sendall(_ASKED[:10])
        flood.start()
        try:
            yield asked
        finally:
            over.set()
            flood.join(LONG_S)


def _flood(addresses: Collection[str], over: threading.Event, asked: list[int]) -> None:
    while not over.is_set():
        for address in addresses:
            with suppress(OSError), _connection(address) as one:
                one.sendall(_ASKED)
                asked[0] += 1


def answers(address: str) -> bool:
    """Whether figures are told there."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=LONG_S)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=LONG_S)
