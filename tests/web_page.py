"""A page of the web in the owner's browser: what it may send without asking, and what it may read.

A browser sends on its behalf what a form could send, whoever is to receive it, and lets it read an answer
that allows its origin, or comes under the page's own name (which the page has led to 127.0.0.1 meanwhile).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

FOREIGN = "evil.example"
WAIT_S = 5.0
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data; boundary=x"
_JAR = b'--x\r\nContent-Disposition: form-data; name="jarfile"; filename="x.jar"\r\n\r\nPK\r\n--x--\r\n'
READ = ("/", "/metrics", "/jobs/overview", "/config", "/_search", "/_cat/indices", "/api/v1/query?query=up")
CHANGED = (
    ("/jars/upload", _MULTIPART, _JAR),
    ("/jobs/x/stop", "text/plain", b'{"drain": false}'),
    ("/taskmanagers/x/dump", _FORM, b"a=b"),
    ("/_bulk", "text/plain", b'{"delete":{"_index":"a","_id":"1"}}\n'),
    ("/_all/_delete_by_query", "text/plain", b'{"query":{"match_all":{}}}'),
    ("/", "text/plain", b'{"TableName":"risk"}'),
    ("/-/quit", _FORM, b""),
    ("/-/reload", _FORM, b""),
    ("/api/v1/admin/tsdb/delete_series", _FORM, b"match[]=up"),
    ("/metrics", _FORM, b"a=b"),
    ("/", _FORM, b"\r\nFLUSHALL\r\nCONFIG SET dir /tmp\r\n"),
)
"""Paths that change something somewhere, each in a form that no preflight comes before."""


@dataclass(frozen=True)
class Request:
    """What the page has the browser send to a port; `host` is the name in its address bar or form."""

    port: int
    method: str
    path: str
    host: str
    origin: str
    kind: str = ""
    body: bytes = b""

    def sent(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"Origin: {self.origin}", "Sec-Fetch-Site: cross-site", "Connection: close"]
        if self.method == "OPTIONS":
            lines += ["Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: content-type"]
        if self.body or self.kind:
            lines += [f"Content-Type: {self.kind}", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def requests(port: int) -> Iterator[Request]:
    """Everything that is tried at a port."""
    page = f"https://{FOREIGN}"
    for origin in (page, "null"):
        for path in READ:
            yield Request(port, "GET", path, "127.0.0.1", origin)
    for path in READ:
        yield Request(port, "OPTIONS", path, "127.0.0.1", page)
        yield Request(port, "GET", path, FOREIGN, f"http://{FOREIGN}:{port}")
    for path, kind, body in CHANGED:
        yield Request(port, "POST", path, "127.0.0.1", page, kind, body)
        yield Request(port, "POST", path, FOREIGN, f"http://{FOREIGN}:{port}", kind, body)


def got(ports: Iterable[int], shown: Iterable[int] = (), deaf: Iterable[int] = ()) -> list[str]:
    """What a page reads, or has done, at these ports. Those of `shown` tell figures to everybody who reaches
    them under whatever name; those of `deaf` do so whatever they are asked."""
    open_ones = {*shown, *deaf}
    every = [one for port in set(ports) - set(deaf) for one in requests(port)]
    every += [one for port in deaf for one in requests(port) if one.method != "POST"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(_answer, every))
    told = zip(every, answers, strict=True)
    return [f"{one}: {words}" for one, answer in told if (words := _gain(one, answer, open_ones))]


def _gain(request: Request, answer: HTTPResponse | None, shown: set[int]) -> str:
    """What the page has of it; empty for nothing."""
    if answer is None:
        return ""
    if (allowed := answer.headers.get("Access-Control-Allow-Origin")) is not None:
        return f"it allows {allowed}"
    is_well = 200 <= answer.status < 300
    if request.method == "POST":
        return f"POST is answered {answer.status}" if is_well else ""
    is_own = request.host == FOREIGN and request.port not in shown
    return f"read under the page's own name: {answer.status}" if is_own and is_well else ""


def _answer(request: Request) -> HTTPResponse | None:
    """The head of the answer, None where there is none in HTTP."""
    with (
        suppress(OSError, HTTPException),
        socket.create_connection(("127.0.0.1", request.port), WAIT_S) as way,
    ):
        way.sendall(request.sent())
        answer = HTTPResponse(way, method=request.method)
        answer.begin()
        return answer
    return None
