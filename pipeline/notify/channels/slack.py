"""Sends notifications to a Slack channel by its incoming webhook."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pipeline.notify import Message, Never, NotNow, secret
from pipeline.settings.kinds import File, Number, Text
from pipeline.settings.reading import settings

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NOT_TAKEN = (408, 425, 429, 503)
_NO_WEBHOOK = "slack needs webhook_file (or webhook): the URL of an incoming webhook"


@settings({"timeout_s": "timeout"})
class Settings:
    """What Slack can be told. Whoever has the webhook's URL may post, so it is better kept in a file."""

    webhook_file: Annotated[Path, File()] | None = None
    """a file with the URL of an incoming webhook in it"""
    webhook_variable: Annotated[str, Text()] | None = None
    """the environment variable that holds the URL"""
    webhook: Annotated[str, Text("a URL", "https?://.+")] | None = None
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
    """One webhook. A connection that fails before the request is out is `NotNow`."""

    def __init__(self, webhook: str, timeout_s: float) -> None:
        self._at = urlsplit(webhook)
        self._timeout_s = timeout_s

    def send(self, message: Message) -> None:
        text = "\n".join([f"*{message.title.translate(_ESCAPES)}*", *map(_escaped, message.lines)])
        connection = self._connect()
        try:
            path = self._at.path + (f"?{self._at.query}" if self._at.query else "")
            connection.request("POST", path, json.dumps({"text": text}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read(300).decode("utf-8", "replace").strip()
        finally:
            connection.close()
        _judge(answer, said)

    def _connect(self) -> HTTPConnection:
        kind = HTTPSConnection if self._at.scheme == "https" else HTTPConnection
        connection = kind(self._at.hostname or "", self._at.port, timeout=self._timeout_s)
        try:
            connection.connect()
        except OSError as error:
            raise NotNow(f"no connection: {error}") from error
        return connection


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
