"""What is said where an Elasticsearch server does not do what it was asked, by the server or in front of it.

A balancer, an ingress or a page that asks for a login answers in the server's place, even with 200 and with
404. It is never taken for the server: to it an index would be missing, and with it what was to be changed
there. Every answer of Elasticsearch from 7.14 on bears the name of the product.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from pipeline.connections.trouble import Trouble
from pipeline.sinks.elasticsearch.json_kinds import Seen

if TYPE_CHECKING:
    from elastic_transport import ApiResponseMeta
    from elasticsearch import ApiError

_OF_A_STATUS: Final = {401: Trouble.PASSWORD, 403: Trouble.PERMISSION}
_NOBODY_BEHIND: Final = (502, 503, 504)
_TOO_MUCH: Final = 429
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LONGEST_TITLE: Final = 80


class Failure(Exception):
    """The server could not be reached, or did not do what it was asked; `trouble` where it says why."""

    def __init__(self, message: str, trouble: Trouble | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


class BadRequest(Failure):
    """The server does not understand what it was asked (HTTP 400); `kind` is its own name for the error."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Unanswered(Failure):
    """No answer came, or one that says that there is none now: it may come when the same is asked again."""


class Missing(Failure):
    """What was asked about is not there (HTTP 404)."""


def is_of_the_server(meta: ApiResponseMeta) -> bool:
    """Whether Elasticsearch itself has answered."""
    return meta.headers.get("x-elastic-product") == "Elasticsearch"


def refusal(error: ApiError) -> Failure:
    """What an answer that is no success comes to."""
    status, said = error.meta.status, _said(error.body)
    kind = str(said.get("type", "")) if isinstance(said, dict) else ""
    if not kind and not is_of_the_server(error.meta):
        return stranger(error.meta, error.body)
    text = words(said) if isinstance(said, dict) else str(said or f"HTTP {status}")
    if status == 400:
        return BadRequest(text, kind)
    if status == 404:
        return Missing(text)
    kinds = Unanswered if status in (_TOO_MUCH, *_NOBODY_BEHIND) else Failure
    return kinds(text, trouble(status, kind))


def stranger(meta: ApiResponseMeta, body: object) -> Failure:
    """Something else has answered, with a page or with nothing that could be read."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    found = _TITLE.search(text)
    title = " ".join((found[1] if found else "").split())[:_LONGEST_TITLE]
    told = f"something that is not Elasticsearch answers there: HTTP {meta.status}"
    told = f"{told}, {title!r}" if title else told
    if meta.status in _NOBODY_BEHIND:
        return Unanswered(told, Trouble.UNREACHABLE)
    return Failure(told, Trouble.PASSWORD if meta.status == 401 else Trouble.STRANGER)


def trouble(status: int, kind: str) -> Trouble | None:
    """What stands between us and a server that says this: a block is not a right that is missing."""
    if kind == "cluster_block_exception":
        return Trouble.BLOCKED if status != 503 else None
    return _OF_A_STATUS.get(status)


def words(error: Seen) -> str:
    """The outermost reason of a failure as the server names it, and the innermost that says more."""
    text = f"{error.get('reason')} ({error.get('type')})"
    root = (error.get("root_cause") or [error])[0]
    reasons = [str(_innermost(one).get("reason")) for one in (root, error)]
    return next((f"{text}: {one}" for one in reasons if one not in text), text)


def _innermost(error: Seen) -> Seen:
    while isinstance(cause := error.get("caused_by"), dict):
        error = cause
    return error


def _said(body: object) -> object:
    """What the server says of it; None when it says nothing that can be read."""
    try:
        return json.loads(body)["error"] if isinstance(body, bytes) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
