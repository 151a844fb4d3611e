"""A TLS end in front of a server that has none of its own: what arrives is handed on in the clear."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.certificates import Pair

Greet = Callable[[socket.socket], None]
"""What is said in the clear ahead of TLS."""
_HANDSHAKE = b"\x16"
"""what TLS begins with"""


class End(ABC):
    """Listens on a port of 127.0.0.1; whoever comes is served in a thread of their own."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                came, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(came,), daemon=True).start()

    @abstractmethod
    def _serve(self, came: socket.socket) -> None: ...


class TlsEnd(End):
    """`pair` may be exchanged while it runs, as a renewed certificate is."""

    def __init__(self, target: tuple[str, int], pair: Pair, greet: Greet = lambda _: None) -> None:
        self.pair = pair
        self.clients: Path | None = None
        """the authority of certificates that clients must have"""
        self._target, self._greet = target, greet
        self._open: list[socket.socket] = []
        super().__init__()

    def drop(self) -> None:
        """End every connection there is."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        super().close()
        self.drop()

    def _serve(self, came: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pair.cert, self.pair.key)
        if self.clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.clients)
        with came, suppress(OSError):
            self._greet(came)
            with context.wrap_socket(came, server_side=True) as secure:
                self._open.append(secure)
                with closing(socket.create_connection(self._target)) as behind:
                    _carry(secure, behind)


class EitherEnd(TlsEnd):
    """Lets in who speaks TLS and who does not: a sentinel tells everybody one port of a server."""

    def _serve(self, came: socket.socket) -> None:
        with suppress(OSError):
            if came.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
                super()._serve(came)
                return
            with came, closing(socket.create_connection(self._target)) as behind:
                self._open.append(came)
                _carry(came, behind)


def place_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def as_postgres_does(came: socket.socket) -> None:
    """TLS is asked for in the clear, and granted by one letter."""
    came.recv(8, socket.MSG_WAITALL)
    came.sendall(b"S")


def as_a_proxy_does(came: socket.socket) -> None:
    """Whatever place is asked for, what listens here is behind it."""
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        if not (piece := came.recv(4_096)):
            return
        asked += piece
    came.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")


def _carry(front: socket.socket, behind: socket.socket) -> None:
    """Both ways, until one side ends."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(front, selectors.EVENT_READ, behind)
        waiting.register(behind, selectors.EVENT_READ, front)
        while True:
            for key, _ in waiting.select():
                source = front if key.fileobj is front else behind
                if not (data := source.recv(65_536)):
                    return
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(65_536)
                key.data.sendall(data)
