"""Sends notifications to a Slack channel by its incoming webhook.

Settings: `webhook_file`, `webhook_variable` or `webhook` (whoever has the URL may post, so keep it in a
file), `timeout` in seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from pipeline.notify import Message, Never, NotNow, secret

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NOT_TAKEN = (408, 425, 429, 503)


def connect(settings: Mapping[str, Any]) -> Slack:
    """Raises ValueError where no usable webhook is named."""
    webhook = secret(settings, "webhook")
    if not webhook or urlsplit(webhook).scheme not in ("http", "https") or not urlsplit(webhook).hostname:
        raise ValueError("slack needs webhook_file (or webhook): the URL of an incoming webhook")
    return Slack(webhook, float(settings.get("timeout", 10)))


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
