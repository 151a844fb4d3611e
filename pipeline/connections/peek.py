"""A look at a server's certificate, by a TLS handshake that ends there.

Some clients say only that a certificate cannot be trusted, not why, and none says until when it is valid.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.connections.tls import TlsFiles, check, secret

WAIT_S = 5.0

Before = Callable[[socket.socket], None]
"""What comes ahead of TLS on a connection."""


def nothing(_: socket.socket) -> None:
    """TLS begins at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate that was believed: whose it is, who signed it, until when it is valid (epoch seconds)."""

    subject: str
    issuer: str
    until_s: float

    def days_left(self, now_s: float) -> float:
        """Until it runs out."""
        return (self.until_s - now_s) / 86_400


def context(files: TlsFiles) -> ssl.SSLContext:
    """For a client, of the files as they are now. Raises BadFile, OSError."""
    check(files)
    made = ssl.create_default_context(cafile=str(files.ca_file) if files.ca_file else None)
    if files.cert_file is not None:
        password = secret(files.key_password_file) if files.key_password_file else None
        made.load_cert_chain(files.cert_file, files.key_file, password)
    return made


def look(host: str, port: int, files: TlsFiles, before: Before = nothing, name: str | None = None) -> Seen:
    """The certificate of the server there, checked as a client does; `before` is what comes ahead of TLS.

    `name` is whom it must be for, if not `host`. Raises OSError: what is wrong with name, address or
    certificate (see `pipeline.connections.trouble`). Raises BadFile.
    """
    ours = context(files)
    with socket.create_connection((host, port), WAIT_S) as plain:
        before(plain)
        with ours.wrap_socket(plain, server_hostname=name or host) as secure:
            found: Any = secure.getpeercert()
    until_s = ssl.cert_time_to_seconds(found["notAfter"])
    return Seen(_name(found["subject"]), _name(found["issuer"]), until_s)


def _name(parts: Any) -> str:
    """The common name, else all of it."""
    pairs = [pair for part in parts for pair in part]
    named = dict(pairs).get("commonName")
    return str(named) if named else ", ".join(f"{key}={value}" for key, value in pairs)
