"""Sends notifications to a Slack channel by its incoming webhook."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pipeline.connections.proxies import Proxy, proxy_of
from pipeline.notify import Message, Never, NotNow, secret
from pipeline.settings.kinds import File, Number, Text
from pipeline.settings.reading import settings

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_UNFURLED = {"unfurl_links": False, "unfurl_media": False}
"""Slack asks no address that a payment names: whoever is there would learn that somebody was told of it."""
_NOT_TAKEN = (407, 408, 425, 429, 503)
"""The first is what a proxy says that does not let us through yet."""
_NO_WEBHOOK = "slack needs webhook_file (or webhook): the URL of an incoming webhook"


@settings({"timeout_s": "timeout"})
class Settings:
    """What Slack can be told. Whoever has the webhook's URL may post, so it is better kept in a file."""

    webhook_file: Annotated[Path, File()] | None = None
    """a file with the URL of an incoming webhook in it"""
    webhook_variable: Annotated[str, Text()] | None = None
    """the environment variable that holds the URL"""
    webhook: Annotated[str, Text("a URL", "https?://.+", is_secret=True)] | None = None
    """the URL itself"""
    timeout_s: Annotated[float, Number(0, 25, above=True)] = 10.0
    """seconds"""

    def __post_init__(self) -> None:
        if not (self.webhook_file or self.webhook_variable or self.webhook):
            raise ValueError(_NO_WEBHOOK)


def connect(settings: Settings) -> Slack:
    """Raises ValueError where no usable webhook is named."""
    webhook = secret(settings, "webhook")
    if not webhook or urlsplit(webhook).scheme not in ("http", "https") or not urlsplit(webhook).hostname:
        raise ValueError(_NO_WEBHOOK)
    return Slack(webhook, settings.timeout_s)


class Slack:
    """One webhook, through the proxy that the environment names unless it is on loopback.

    A connection that fails before the request is out is `NotNow`.
    """

    def __init__(self, webhook: str, timeout_s: float) -> None:
        self._at = urlsplit(webhook)
        self._timeout_s = timeout_s

    def send(self, message: Message) -> None:
        text = "\n".join([f"*{message.title.translate(_ESCAPES)}*", *map(_escaped, message.lines)])
        proxy = self._proxy()
        connection = self._connect(proxy)
        try:
            headers = {"Content-Type": "application/json", **self._for_proxy(proxy)}
            connection.request("POST", self._target(proxy), json.dumps({"text": text, **_UNFURLED}), headers)
            answer = connection.getresponse()
            said = answer.read(300).decode("utf-8", "replace").strip()
        finally:
            connection.close()
        _judge(answer, said)

    @property
    def _is_tls(self) -> bool:
        return self._at.scheme == "https"

    def _proxy(self) -> Proxy | None:
        try:
            return proxy_of(self._at.geturl())
        except ValueError as error:
            raise NotNow(str(error)) from error

    def _connect(self, proxy: Proxy | None) -> HTTPConnection:
        kind = HTTPSConnection if self._is_tls else HTTPConnection
        host, port = self._at.hostname or "", self._at.port
        if proxy is None:
            connection = kind(host, port, timeout=self._timeout_s)
        else:
            connection = kind(proxy.host, proxy.port, timeout=self._timeout_s)
            if self._is_tls:
                connection.set_tunnel(host, port, dict(proxy.headers))
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            raise NotNow(f"no connection: {error}") from error
        return connection

    def _target(self, proxy: Proxy | None) -> str:
        """What is asked for: a path, or the whole URL where a proxy is to ask for it."""
        if proxy and not self._is_tls:
            return self._at._replace(fragment="").geturl()
        return self._at.path + (f"?{self._at.query}" if self._at.query else "")

    def _for_proxy(self, proxy: Proxy | None) -> Mapping[str, str]:
        """The headers that a proxy reads in the request itself; with TLS it has had them before."""
        return proxy.headers if proxy and not self._is_tls else {}


def _escaped(line: str) -> str:
    return f"• {line.translate(_ESCAPES)}"


def _judge(answer: HTTPResponse, said: str) -> None:
    """Raises unless the message was taken. Other 5xx say nothing about whether it was."""
    reason = f"HTTP {answer.status} {said}".strip()
    if answer.status in _NOT_TAKEN:
        raise NotNow(reason, _retry_after_s(answer.headers.get("Retry-After")))
    if 300 <= answer.status < 500:
        raise Never(reason)
    if answer.status >= 500:
        raise RuntimeError(reason)


def _retry_after_s(value: str | None) -> float | None:
    """Seconds, given as such or as a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
