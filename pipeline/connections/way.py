"""The way to a server elsewhere, tried without a trace: its name, its certificate, our own files.

Whoever is asked at its end (a store, a broker) adds what it finds there. Knows no client.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pipeline.connections import peek, tls
from pipeline.connections.proxies import on_loopback
from pipeline.connections.tls import TlsFiles, Validity
from pipeline.connections.trouble import Trouble

_SOON_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens; `tls` are our files where it speaks TLS. `before` is said ahead of it."""

    host: str
    port: int
    tls: TlsFiles | None = None
    before: peek.Before = field(default=peek.nothing)
    name: str | None = None
    """whom the certificate must be for, if not `host`"""
    unchecked: str = ""
    """what of the certificate is not looked at, and why; then nor is it here"""
    is_proxied: bool = False
    """whether a proxy asks there for us, so that its name and its certificate need not be known here"""

    @property
    def is_in_the_clear(self) -> bool:
        """Whether what is said there can be read on the way."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.tls is None and not self.unchecked and not on_loopback(f"//{host}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, what came of it, and, where it is not well, what to do."""

    what: str
    said: str
    mend: str = ""
    is_broken: bool = False


_STEPS: Final = {
    Trouble.NAME: "name",
    Trouble.UNREACHABLE: "connection",
    Trouble.UNTRUSTED: "certificate",
    Trouble.EXPIRED: "certificate",
    Trouble.WRONG_NAME: "certificate",
    Trouble.NO_TLS: "tls",
    Trouble.IN_THE_CLEAR: "tls",
    Trouble.OUR_CERTIFICATE: "own certificate",
    Trouble.FILE: "own files",
    Trouble.PASSWORD: "login",
    Trouble.PERMISSION: "rights",
    Trouble.STRANGER: "answer",
    Trouble.BLOCKED: "writing",
}


def step_of(trouble: Trouble | None) -> str:
    """At which step it is met; what is not told apart, at the connection."""
    return _STEPS.get(trouble, "connection") if trouble else "connection"


def to(place: Place) -> Iterator[Finding]:
    """Name and certificate, then our own files. Raises OSError, BadFile at the first that fails."""
    if place.is_proxied:
        yield Finding("name", f"{place.host} is asked through the proxy that the environment names")
        yield from own_files(place.tls or TlsFiles())
        return
    yield name(place)
    if place.unchecked:
        yield Finding("certificate", place.unchecked, "have it checked, whole: verify-full")
        return
    if place.tls is None:
        if place.is_in_the_clear:
            mend = "address it with TLS, if the way to it is not safe by other means"
            yield Finding("tls", f"{place.host} is spoken to in the clear", mend)
        return
    yield certificate(place, place.tls)
    yield from own_files(place.tls)


def name(place: Place) -> Finding:
    """Which addresses its host has. Raises OSError."""
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    return Finding("name", f"{place.host} is {', '.join(sorted({str(one[4][0]) for one in found}))}")


def certificate(place: Place, files: TlsFiles) -> Finding:
    """Whose certificate the server shows, checked as a client does. Raises OSError, BadFile."""
    seen = peek.look(place.host, place.port, files, place.before, place.name)
    left = seen.days_left(time.time())
    until = f"{datetime.fromtimestamp(seen.until_s, UTC):%Y-%m-%d}"
    said = f"{seen.subject}, signed by {seen.issuer}, until {until} ({left:.0f} days)"
    return Finding("certificate", said, "have it renewed before it runs out" if left < _SOON_DAYS else "")


def own_files(files: TlsFiles) -> Iterator[Finding]:
    """Until when we are known by our certificate, and whatever of ours runs out soon. Raises BadFile."""
    soon = list(tls.ending_soon(files))
    if files.cert_file is not None and not any(path == files.cert_file for path, _ in soon):
        yield _until(files.cert_file, tls.validity(files.cert_file)[0])
    for path, ours in soon:
        yield _until(path, ours, "renew it")


def _until(path: Path, ours: Validity, mend: str = "") -> Finding:
    return Finding("own files", f"{path}: {ours.subject} ends at {ours.ends:%Y-%m-%d}", mend)


def is_about_name(error: OSError) -> bool:
    """Whether the host's name is not known, rather than the host not there."""
    return isinstance(error, socket.gaierror)
