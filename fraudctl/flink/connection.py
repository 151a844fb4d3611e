"""How the REST interface of a Flink is reached: connections that are kept, certificates, a token, a proxy.

Connections are kept from one question to the next, also by another object for the same cluster.
"""

from __future__ import annotations

import functools
import ssl
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from pipeline.connections import tls
from pipeline.connections.flink import FlinkRest
from pipeline.connections.proxies import proxy_url
from pipeline.connections.tls import TlsFiles

KEPT_S = 30.0
"""Longer than the pause of who looks again and again, shorter than Flink's own patience."""
_THROUGH: dict[str, httpx.Client] = {}


def client(rest: FlinkRest) -> httpx.Client:
    """What asks that cluster, for any thread. Raises BadFile, OSError."""
    if rest.url in _THROUGH:
        return _THROUGH[rest.url]
    files = rest.tls_files
    return _kept(files if rest.is_encrypted else None, _prints(files), proxy_url(rest.url))


def headers(rest: FlinkRest) -> dict[str, str]:
    """Those of a question; the token is read for each. Raises BadFile."""
    return {} if rest.token_file is None else {"Authorization": bearer(rest.token_file)}


def bearer(token_file: Path) -> str:
    """The value of the header `Authorization`. Raises BadFile."""
    return f"Bearer {tls.secret(token_file)}"


@contextmanager
def through(url: str, transport: httpx.BaseTransport) -> Iterator[None]:
    """As long as it is open, the cluster at `url` is reached by this transport and not over the network."""
    with httpx.Client(transport=transport) as client:
        _THROUGH[url] = client
        try:
            yield
        finally:
            del _THROUGH[url]


def _prints(files: TlsFiles) -> tuple[tuple[int, int], ...]:
    """Other than before where a certificate or key has been replaced. Raises OSError."""
    named = (files.ca_file, files.cert_file, files.key_file, files.key_password_file)
    found = [path.stat() for path in named if path is not None]
    return tuple((one.st_ino, one.st_mtime_ns) for one in found)


@functools.lru_cache(maxsize=8)
def _kept(files: TlsFiles | None, _: object, proxy: str | None) -> httpx.Client:
    """The connections of this process, kept for `KEPT_S` after each answer.

    Which proxy to ask is said here, for the environment knows no loopback. Raises BadFile, OSError.
    """
    # Reading the certificates of the world takes 50 ms, and without TLS nobody asks for them.
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if files is None else _context(files)
    kept = httpx.Limits(keepalive_expiry=KEPT_S)
    transport = httpx.HTTPTransport(verify=trusted, proxy=proxy, limits=kept)
    made = httpx.Client(transport=transport, trust_env=False)
    # One that is forgotten here may still be asking in another thread: it is closed when nobody has it.
    weakref.finalize(made, transport.close)
    return made


def _context(files: TlsFiles) -> ssl.SSLContext:
    """Of the files as they are now; what is wrong with one is looked for only where something is: it takes
    70 ms to load what reads certificates."""
    password = tls.secret(files.key_password_file) if files.key_password_file else None
    try:
        made = ssl.create_default_context(cafile=files.ca_file)
        if files.cert_file is not None:
            made.load_cert_chain(files.cert_file, files.key_file, password or (lambda: ""))
    except OSError:
        tls.check(files)
        raise
    return made
