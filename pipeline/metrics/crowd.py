"""Who asks a process for its figures may come in any number and hang: a server that bears it.

Each question has a thread of its own, so many at most. Who comes when all are taken has the place of whoever
came first of those that have not asked yet; where each has asked, it is turned away. Figures are made in
turns that together take a tenth of a processor at most, and few may wait for theirs: the rest is for probes.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
import time
from contextlib import suppress
from typing import Any, Final

MOST_AT_ONCE: Final = 16
MOST_IN_TURNS: Final = 8
_PAUSE_FOR: Final = 9.0
"""seconds of rest for one of work"""

log = logging.getLogger("metrics")


class Crowded(Exception):
    """Too many wait for their turn already."""


class Turns:
    """One at a time; after one that took processor time, the next begins so much later."""

    def __init__(self) -> None:
        self._one, self._room = threading.Lock(), threading.BoundedSemaphore(MOST_IN_TURNS)
        self._free_s = self._began_s = 0.0

    def __enter__(self) -> None:
        if not self._room.acquire(blocking=False):
            raise Crowded
        self._one.acquire()
        if (early_s := self._free_s - time.monotonic()) > 0:
            time.sleep(early_s)
        self._began_s = time.thread_time()

    def __exit__(self, *_: object) -> None:
        took_s = time.thread_time() - self._began_s
        self._free_s = time.monotonic() + _PAUSE_FOR * took_s
        self._one.release()
        self._room.release()


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Handlers say with `asked` that they have read a question."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        self._guard = threading.Lock()
        self._inside: dict[socket.socket, bool] = {}
        """whether they have asked, in the order of their coming"""
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._makes_room():
            with self._guard:
                self._inside[request] = False
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def asked(self, request: socket.socket) -> None:
        with self._guard:
            if request in self._inside:
                self._inside[request] = True

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._inside.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """Who goes away in the middle of the answer is no error."""
        log.debug("a question was not answered", exc_info=True)

    def _makes_room(self) -> bool:
        with self._guard:
            if len(self._inside) < MOST_AT_ONCE:
                return True
            late = next((one for one, has_asked in self._inside.items() if not has_asked), None)
            if late is None:
                return False
            del self._inside[late]
        with suppress(OSError):  # its thread reads the end, and closes it
            late.shutdown(socket.SHUT_RDWR)
        return True
