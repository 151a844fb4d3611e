"""Which requests go through a proxy: those to this machine never, all others as the environment says.

Client libraries that read `http_proxy` and its like take 127.0.0.1 for a host as any other, so that what
one program here sends to another would leave the machine. This module knows what is on loopback and which
proxy is meant for the rest; no name is ever looked up.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import ssl
    import urllib.request  # 20 ms, and most commands ask nobody
    from http.client import HTTPResponse

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
"""Each is also read in capital letters; `all_proxy` by some libraries only."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy listens, and the headers by which it knows who asks."""

    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine by its very text: localhost, a name below it, such an address."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def proxy_url(url: str) -> str | None:
    """The URL of the proxy through which to ask, None where there is none.

    Raises ValueError for one that speaks no HTTP, which the standard library and ours cannot use.
    """
    import urllib.request

    parts = urlsplit(url)
    found = urllib.request.getproxies().get(parts.scheme)
    if not found or on_loopback(url) or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxy = found if "://" in found else f"http://{found}"
    if urlsplit(proxy).scheme not in ("http", "https") or not urlsplit(proxy).hostname:
        raise ValueError(f"the proxy in {parts.scheme}_proxy cannot be used: only http://host:port")
    return proxy


def proxy_of(url: str) -> Proxy | None:
    """The same in parts."""
    found = proxy_url(url)
    if found is None:
        return None
    parts = urlsplit(found)
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return Proxy(parts.hostname or "", parts.port or 80, headers)


def open_url(
    request: urllib.request.Request | str, timeout_s: float, context: ssl.SSLContext | None = None
) -> HTTPResponse:
    """`urllib.request.urlopen`, with a proxy only for what is elsewhere; raises what that raises."""
    import urllib.request

    url = request if isinstance(request, str) else request.full_url
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler({} if on_loopback(url) else None)
    ]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    answer: HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=timeout_s)
    return answer
