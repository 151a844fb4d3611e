"""How Flink's REST interface is reached: where it is, whom a client believes, and how it shows who it is.

One description for both clients: ours in Python, and Flink's own, which hands jobs over. Names files, never
holds a secret. Knows no client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pipeline.connections.proxies import on_loopback
from pipeline.connections.tls import TlsFiles
from pipeline.settings.kinds import File, Text
from pipeline.settings.reading import Problem, settings

_PORTS = {"http": 80, "https": 443}
ADDRESS = Text(
    "host:port, or a URL such as https://flink.example.org/team",
    r"(https?://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[^\s?#]*)?",
)


@settings()
class FlinkRest(TlsFiles):
    """A cluster's REST interface. Without a scheme in its address it has TLS where TLS's files are named."""

    address: Annotated[str, ADDRESS] = ""
    """host:port, or the URL that it has behind a proxy"""
    token_file: Annotated[Path, File()] | None = None
    """what a proxy in front of it wants as a bearer token, alone on one line"""

    @property
    def url(self) -> str:
        """The URL below which everything is asked for."""
        if "://" in self.address:
            return self.address.rstrip("/")
        return f"{'https' if self.ca_file or self.cert_file else 'http'}://{self.address.rstrip('/')}"

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https:")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def path(self) -> str:
        """What stands before each path of the interface, empty or with a slash at its beginning."""
        return urlsplit(self.url).path

    @property
    def tls_files(self) -> TlsFiles:
        return TlsFiles(self.ca_file, self.cert_file, self.key_file, self.key_password_file)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a client is built from."""
        found = (getattr(self, one.name) for one in fields(self))
        return tuple(one for one in found if isinstance(one, Path))

    def as_document(self) -> dict[str, object]:
        """As JSON: what a profile would have, and null for what it would not."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: os.fspath(one) if isinstance(one, Path) else one for name, one in found.items()}


def problems(rest: FlinkRest, path: str) -> Iterator[Problem]:
    """What its parts do not show one by one."""
    if not rest.address:
        yield Problem(f"{path}.address", "is missing")
        return
    if (rest.cert_file is None) != (rest.key_file is None):
        lacking = "key_file" if rest.key_file is None else "cert_file"
        yield Problem(f"{path}.{lacking}", "is missing: a certificate and its key are named together")
    if rest.key_password_file is not None and rest.key_file is None:
        yield Problem(f"{path}.key_password_file", "is for a key: name key_file as well")
    if rest.is_encrypted:
        return
    for name in ("ca_file", "cert_file", "key_file"):
        if getattr(rest, name) is not None:
            yield Problem(f"{path}.{name}", "is of no use without TLS: its address begins with http://")
    if rest.token_file is not None and not on_loopback(rest.url):
        yield Problem(f"{path}.token_file", "would be shown to everybody on the way: address it by https://")
