"""A proxy that lets in who shows a token, in front of a server that wants a certificate: both by TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

from tests.certificates import Pair
from tests.tls_end import End


class BearerEnd(End):
    """What begins with the right token is handed on to `target`."""

    def __init__(self, target: tuple[str, int], ours: ssl.SSLContext, pair: Pair, token: str) -> None:
        self.token = token
        self._target, self._ours = target, ours
        self._shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._shown.load_cert_chain(pair.cert, pair.key)
        super().__init__()

    def _serve(self, came: socket.socket) -> None:
        with came, suppress(OSError), self._shown.wrap_socket(came, server_side=True) as secure:
            begun = b""
            while b"\r\n\r\n" not in begun:
                if not (more := secure.recv(65_536)):
                    return
                begun += more
            if f"authorization: bearer {self.token}".encode() not in begun.lower().replace(b"n:b", b"n: b"):
                secure.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(self._target) as plain, self._ours.wrap_socket(plain) as behind:
                behind.sendall(begun)
                # A thread for each way: what can be read may be of TLS alone, and then reading waits.
                back = threading.Thread(target=_carry, args=(behind, secure), daemon=True)
                back.start()
                _carry(secure, behind)
                back.join()


def _carry(source: ssl.SSLSocket, to: ssl.SSLSocket) -> None:
    """Until one side ends."""
    with suppress(OSError):
        while data := source.recv(65_536):
            to.sendall(data)
    for one in (source, to):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
