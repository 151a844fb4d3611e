"""What a test has going on beside itself, in threads that are over when its block is."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Server = TypeVar("Server", bound=socketserver.BaseServer)

_LOOKS_S = 0.01
"""How often a server looks whether it is to end."""


@contextmanager
def meanwhile(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Does this until the end of the block, which the event says."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Answers until the end of the block, and closes it then."""
    thread = threading.Thread(target=server.serve_forever, args=(_LOOKS_S,))
    with server:
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
