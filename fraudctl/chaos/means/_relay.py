"""Passes TCP connections on to an address of this machine, until it is told to cut them."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

_CHUNK = 1 << 16


class Relay:
    """Listens on a free port of 127.0.0.1 as soon as it is made. Threads end with `close` or the process."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def cut(self) -> None:
        """Reset every connection and accept no more."""
        with self._lock:
            self._is_cut = True
            ends, self._ends = self._ends, set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or a waiting accept would keep it open
        self._listener.close()
        for end in ends:
            _reset(end)

    def close(self) -> None:
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
                theirs = socket.create_connection(self._target, timeout=5)
            except OSError:
                if self._is_cut:
                    return
                continue
            theirs.settimeout(None)
            with self._lock:
                refused = self._is_cut
                self._ends |= {ours, theirs}
            if refused:
                self.cut()
                return
            for source, sink in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ends -= {source, sink}


def _reset(end: socket.socket) -> None:
    """Closes with RST, as when the way is gone, not with the courtesy of FIN."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
