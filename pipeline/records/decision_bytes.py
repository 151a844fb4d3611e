"""What the bytes of a decision say, read cheaply; the one place that knows how they lie.

The values of the decisions topic have a fixed order of keys (`pipeline.records.decisions`): the event's id
and its user first, the features before the verdict. So a sink need not parse the features to pass them on: it
cuts their JSON text out whole, numbers untouched. Cutting is sound because an unescaped quote never stands
inside a JSON string: `,"late":` can only be structure. This module knows nothing of Kafka or of any store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not know it
from typing import Any, NamedTuple, NotRequired, TypedDict

from pipeline.records.fields import MARKS
from pipeline.records.identity import Identity, sent_id, stored_id

_EVENT_ID = '{"event_id":"'
_HEAD = _EVENT_ID.encode()
_AMOUNT = b',"amount":'
_USER_ID = ',"user_id":"'
_FEATURES = ',"features":{'
_LATE = ',"late":'
_CURRENCY = re.compile(rb',"currency":"([^"\\]*)"')
_TEXT = re.compile(rb'(?<=[0-9]),"text":"[^"\\]*(?:\\.[^"\\]*)*"')
"""behind the points of a reason, which are a number; a plug-in of that name that failed is behind a text"""
_LATE_BYTES = _LATE.encode()
_TIME_BYTES = b',"event_time":"'
_APPROVED = '"decision":"approve"'
_IS_REUSED = ',"reused_id":'
_REUSED = re.compile(',"late":[a-z]+,"saturated":[a-z]+,"reused_id":true,"content_hash":"([0-9a-f]{16})"')
"""how the verdict of an event begins whose id another one had before"""


class Undecodable(ValueError):
    """The value is not a decision in the form the job writes."""


class Literal(str):
    """A fractional JSON number exactly as written."""

    __slots__ = ()


class Glance(NamedTuple):
    """The little that must be known of every decision."""

    identity: Identity
    flagged: bool


class Reason(TypedDict):
    """One rule that fired, as a decision's JSON has it."""

    rule: str
    points: int
    text: str


class Verdict(TypedDict):
    """What a decision's JSON says after the features."""

    late: bool
    saturated: bool
    score: int
    decision: str
    reasons: list[Reason]
    ruleset_version: str
    ruleset_hash: str
    warming: NotRequired[list[str]]
    plugin_errors: NotRequired[dict[str, str]]
    reused_id: NotRequired[bool]
    content_hash: NotRequired[str]


Sent = Mapping[str, Any]
"""What a transaction's JSON says: a few members that we know (`events`), and whatever else its sender has."""


class Parts(NamedTuple):
    """A decision taken apart. `features` is JSON text; the others are plain JSON values,
    fractional numbers as `Literal`. `verdict` is shared between calls: do not change it."""

    transaction: Sent
    features: str
    verdict: Verdict

    @property
    def identity(self) -> Identity:
        content = self.verdict.get("content_hash")
        return self.transaction["user_id"], stored_id(self.transaction["event_id"], content)


_decode = json.JSONDecoder(parse_float=Literal).decode


def glance(value: bytes) -> Glance:
    """Identity and whether it is flagged, without parsing the rest. Raises Undecodable."""
    try:
        text = _text(value)
        if not text.startswith(_EVENT_ID):
            raise Undecodable("does not begin with event_id")
        event_id, end = scanstring(text, len(_EVENT_ID))
        if not text.startswith(_USER_ID, end):
            raise Undecodable("no user_id after event_id")
        user_id, _ = scanstring(text, end + len(_USER_ID))
    except (ValueError, AttributeError) as error:
        raise Undecodable(str(error)) from None
    cut = text.rfind(_LATE)
    if cut < 0 or not text.endswith("}"):
        raise Undecodable("ends before its verdict")
    if text.find(_IS_REUSED, cut, cut + 60) > 0 and (reused := _REUSED.match(text, cut)):
        event_id = stored_id(event_id, reused[1])
    return Glance((user_id, event_id), _APPROVED not in text[cut:])


def take_apart(value: bytes) -> Parts:
    """The whole decision. Raises Undecodable."""
    try:
        text = _text(value)
        first, last = text.rfind(_FEATURES), text.rfind(_LATE)
        if not 0 < first < last:
            raise Undecodable("no features before a verdict")
        transaction = _decode(text[:first] + "}")
        verdict = _verdict(text[last + 1 :])
        parts = Parts(transaction, text[first + len(_FEATURES) - 1 : last], verdict)
        _require(transaction, ("event_id", "user_id", "event_time", "amount", "source"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise Undecodable(str(error)) from None
    return parts


def verdict_bytes(value: bytes) -> bytes:
    """The end of a decision from its verdict on: the same bytes for all on which no rule fired."""
    cut = value.rfind(_LATE_BYTES)
    return value[cut:] if cut >= 0 else b""


def without_texts(end: bytes) -> bytes:
    """What `verdict_bytes` say without the words of the reasons, which name what differs from event to event:
    so there are few of them, and each can be parsed once."""
    return _TEXT.sub(b"", end)


@lru_cache(maxsize=1_000)
def verdict(end: bytes) -> Mapping[str, object]:
    """What `verdict_bytes` say, with or without texts; empty where they are of no decision.

    Shared: do not change it.
    """
    try:
        found = json.loads(b"{" + end[1:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def time_bytes(value: bytes) -> bytes:
    """The event's own time as it is written, empty where there is none."""
    cut = value.find(_TIME_BYTES)
    start = cut + len(_TIME_BYTES)
    return value[start : value.find(b'"', start)] if cut >= 0 else b""


def currency_of(value: bytes) -> str | None:
    """The currency that a decision, or its head, says of its event; None where it says none."""
    found = _CURRENCY.search(value)
    return None if found is None else found[1].decode("utf-8", "replace")


def beginning(stored: str) -> bytes:
    """How the bytes of every decision on the event of that stored id begin, whoever its user is."""
    return f'{{"event_id":{json.dumps(sent_id(stored), ensure_ascii=False)},'.encode()


def number_of(value: bytes, prefix: bytes) -> int | None:
    """N of a decision, or a transaction, whose event id is the prefix and a number N; None for any other.

    Parses nothing. The prefix needs no escape in JSON.
    """
    head = _HEAD + prefix
    if not value.startswith(head):
        return None
    digits = value[len(head) : value.index(b'"', len(head))]
    return int(digits) if digits.isdigit() else None


def amount_of(value: bytes) -> str:
    """The amount as it is written. Raises ValueError where there is none."""
    # its key cannot stand inside a string, and the transaction's comes first
    start = value.index(_AMOUNT) + len(_AMOUNT)
    return value[start : value.index(b",", start)].decode()


def from_features(text: str) -> str:
    """The end of a decision's text: its features with their key, the verdict, and the last brace."""
    return text[text.rfind(_FEATURES) :]


def marks(decision: Mapping[str, object]) -> dict[str, object] | None:
    """What a decision says only when there is reason to (`fields.MARKS`); None when there is none."""
    if MARKS.isdisjoint(decision):
        return None
    return {name: decision[name] for name in sorted(MARKS & decision.keys())}


def _text(value: bytes) -> str:
    text = value.decode()
    if "\\ud" in text or "\\uD" in text:
        json.dumps(_decode(text), ensure_ascii=False).encode()  # raises on a lone surrogate
    return text


@lru_cache(maxsize=2048)
def _verdict(text: str) -> Verdict:
    verdict: Verdict = _decode("{" + text)
    names = ("late", "saturated", "score", "decision", "reasons", "ruleset_version", "ruleset_hash")
    _require(verdict, names)
    return verdict


def _require(found: Mapping[str, object], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in found:
            raise Undecodable(f"{name} is missing")
