"""The form a decision has in the audit index: mapping, monthly indices, identifiers, documents.

A document is the decision's own JSON text with its position and append time before it, so writing one
parses no feature, and reading one back compares numbers as they were written. Fields of the transaction
that the mapping does not know lie in `extra`, and as `name=value` in `extra_terms`, where they can be
searched. This module knows nothing of how a server is reached.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pipeline.records.decision_bytes import Literal, Parts, Undecodable, from_features, marks, take_apart
from pipeline.records.decision_record import Delivery, Identity

ALIAS: Final = "risk-decisions"
"""what stands for all the monthly indices, and begins their names, unless the settings say otherwise"""

TEXT_FIELDS = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
PLACE_FIELDS = ("lat", "lon")
SEARCHED = (
    "event_id",
    "user_id",
    *TEXT_FIELDS,
    "decision",
    "reasons.rule",
    "reasons.text",
    "extra_terms",
    "ruleset_version",
)
"""the fields a query without a field name looks into"""

COMPARED = (
    "month",
    "user_id",
    "event_id",
    "event_time",
    "amount",
    *TEXT_FIELDS,
    *PLACE_FIELDS,
    "extra",
    "extra_terms",
    "source",
    "features",
    "score",
    "decision",
    "reasons",
    "late",
    "saturated",
    "marks",
    "ruleset_version",
    "ruleset_hash",
    "decided_at",
)
"""the names of what `compared` gives"""

_KNOWN = frozenset(("event_id", "user_id", "event_time", "amount", *TEXT_FIELDS, *PLACE_FIELDS, "source"))
_ID_BYTES = 512  # no server takes longer ones
# A term may have 32,766 bytes, a character up to four; what is longer is kept but not found by it.
_KEYWORD = {"type": "keyword", "ignore_above": 8191}
_DATE = {"type": "date", "format": "strict_date_optional_time||epoch_millis"}
_UNSEARCHED = {"type": "object", "enabled": False}

_PROPERTIES: Mapping[str, object] = {
    "position": {"type": "long"},
    "decided_at": _DATE,
    "event_id": _KEYWORD,
    "user_id": _KEYWORD,
    "event_time": _DATE,
    "amount": {"type": "double"},
    **dict.fromkeys(TEXT_FIELDS, _KEYWORD),
    "ip": {**_KEYWORD, "fields": {"range": {"type": "ip", "ignore_malformed": True}}},
    "lat": {"type": "double"},
    "lon": {"type": "double"},
    "extra": _UNSEARCHED,
    "extra_terms": _KEYWORD,
    "source": {
        "properties": {"topic": _KEYWORD, "partition": {"type": "integer"}, "offset": {"type": "long"}}
    },
    "features": _UNSEARCHED,
    "late": {"type": "boolean"},
    "saturated": {"type": "boolean"},
    "reused_id": {"type": "boolean"},
    "content_hash": _KEYWORD,
    "warming": _KEYWORD,
    "plugin_errors": _UNSEARCHED,
    "score": {"type": "short"},
    "decision": _KEYWORD,
    "reasons": {"properties": {"rule": _KEYWORD, "points": {"type": "short"}, "text": {"type": "text"}}},
    "ruleset_version": _KEYWORD,
    "ruleset_hash": _KEYWORD,
}

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def template(alias: str) -> dict[str, object]:
    """The index template of all monthly indices behind an alias."""
    return {
        "index_patterns": [f"{alias}-*"],
        "priority": 500,
        "template": {
            "settings": {
                "index.number_of_shards": 1,
                "index.auto_expand_replicas": "0-1",
                "index.gc_deletes": GC_DELETES,
                "index.query.default_field": list(SEARCHED),
            },
            "mappings": mappings(),
            "aliases": {alias: {}},
        },
    }


def mappings() -> dict[str, object]:
    """Of every monthly index. What a later version adds here, indices that exist take as well."""
    return {"dynamic": "strict", "properties": dict(_PROPERTIES)}


GC_DELETES = "60s"
"""how long a server remembers the version of a document that was deleted"""


def month(event_time: object) -> str:
    """`2026.01` for `2026-01-31T…`. Raises Undecodable."""
    if not isinstance(event_time, str) or not re.match(r"\d{4}-\d\d-", event_time):
        raise Undecodable(f"event_time of another form: {event_time!r}")
    return f"{event_time[:4]}.{event_time[5:7]}"


def document_id(identity: Identity) -> str:
    """One event's `_id`: readable, or a hash where that would be longer than servers take.

    Without a user, which no event is, it is the `_id` of a document that is not one of ours.
    """
    user_id, event_id = identity
    if not user_id:
        return event_id
    name = f"{len(user_id)}:{user_id}:{event_id}"
    if len(name) <= _ID_BYTES // 4 or len(name.encode()) <= _ID_BYTES:
        return name
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def document(delivery: Delivery, parts: Parts) -> str:
    """The document of one decision, as JSON text without a line break. Raises Undecodable."""
    text = delivery.value.decode()
    if "\n" in text or "\r" in text:
        raise Undecodable("a line break outside of any string")
    start = f'{{"position":{delivery.position},"decided_at":{delivery.append_ms},'
    if parts.transaction.keys() <= _KNOWN:
        return start + text[1:]
    transaction = parts.transaction
    known = [_cell(name, value) for name, value in transaction.items() if name in _KNOWN]
    extra = f'"extra":{_extra(transaction)}', f'"extra_terms":{_json(_terms(transaction))}'
    return start + ",".join([*known, *extra]) + from_features(text)


class Found(NamedTuple):
    """One document of the index, in an index (its place), with the version the server knows it by (or -1)."""

    place: str
    id: str
    version: int
    text: str


class Unread(Exception):
    """The server could not say what it holds under an identifier."""


class Comparable(NamedTuple):
    """What a document means, or should: `fields` goes with COMPARED. Position -1: it is unreadable."""

    identity: Identity
    position: int
    fields: tuple[str | None, ...]
    partition: int | None


def documents(answer: bytes) -> Iterator[Found]:
    """The documents of a server's answer to a search or a multi-get, their text untouched.

    They are cut out, not parsed: `},{"_index":"` stands between two of them and, as quotes in strings
    are escaped, nowhere inside one, whose only array of objects are its reasons. Raises Unread.
    """
    text = answer.decode()
    start = text.find('[{"_index":"')
    if start < 0:
        return
    pieces = text[start + len('[{"_index":"') : text.rfind("]") - 1].split('},{"_index":"')
    for piece in pieces:
        about, has_source, source = piece.partition('"_source":')
        if has_source:
            head = json.loads(f'{{"_index":"{about}"":0}}')
            end = source.rfind(',"sort":[')
            whole = source if end < 0 else source[:end]
            yield Found(head["_index"], head["_id"], head.get("_version", -1), whole)
        elif (failed := about.find(',"error":{')) >= 0:
            raise Unread(about[failed + 1 : failed + 200])


def expected(delivery: Delivery, parts: Parts) -> Comparable:
    """What the document of this decision means. Raises Undecodable."""
    transaction = parts.transaction
    extra = terms = None
    if not transaction.keys() <= _KNOWN:
        extra, terms = _extra(transaction), _json(_terms(transaction))
    return Comparable(
        parts.identity,
        delivery.position,
        _fields(parts, extra, terms, delivery.append_ms),
        transaction["source"]["partition"],
    )


def read(found: Found, alias: str) -> Comparable:
    """What a document means that a server holds."""
    try:
        parts = take_apart(found.text.encode())
        transaction = parts.transaction
        extra, terms = transaction.get("extra"), transaction.get("extra_terms")
        fields = _fields(
            parts,
            None if extra is None else _object(extra.items()),
            None if terms is None else _json(terms),
            transaction["decided_at"],
        )
        if found.place != f"{alias}-{fields[0]}":
            fields = (found.place, *fields[1:])
        identity = _named(found.id, parts.identity)
        position, partition = transaction["position"], transaction["source"]["partition"]
        if type(position) is not int or type(partition) is not int:
            raise TypeError("no whole numbers")  # the mapping takes texts for them
        return Comparable(identity, position, fields, partition)
    except (Undecodable, KeyError, TypeError, AttributeError):
        return Comparable(_named(found.id, None), -1, (None,) * len(COMPARED), None)


def _named(document: str, inside: Identity | None) -> Identity:
    """The event a document's `_id` stands for, whatever lies inside."""
    if inside is not None and document_id(inside) == document:
        return inside
    length, _, rest = document.partition(":")
    if length.isdecimal() and rest[int(length) : int(length) + 1] == ":":
        identity = rest[: int(length)], rest[int(length) + 1 :]
        if document_id(identity) == document:
            return identity
    return "", document


def _fields(parts: Parts, extra: str | None, terms: str | None, decided_at: object) -> tuple[str | None, ...]:
    transaction, features, verdict = parts
    get = transaction.get
    reasons = verdict["reasons"]
    return (
        month(transaction["event_time"]),
        transaction["user_id"],
        transaction["event_id"],
        transaction["event_time"],
        str(transaction["amount"]),
        *[get(name) for name in TEXT_FIELDS],
        *[None if (value := get(name)) is None else str(value) for name in PLACE_FIELDS],
        extra,
        terms,
        _json(transaction["source"]),
        features,
        str(verdict["score"]),
        verdict["decision"],
        _json(reasons) if reasons else "[]",
        str(verdict["late"]),
        str(verdict["saturated"]),
        None if (said := marks(verdict)) is None else _json(said),
        verdict["ruleset_version"],
        verdict["ruleset_hash"],
        str(decided_at),
    )


def _extra(transaction: Mapping[str, object]) -> str:
    return _object((name, value) for name, value in transaction.items() if name not in _KNOWN)


def _terms(transaction: Mapping[str, object]) -> list[str]:
    extra = ((name, value) for name, value in transaction.items() if name not in _KNOWN)
    return [f"{name}={value if isinstance(value, str) else _json(value)}" for name, value in extra]


def _object(cells: Iterable[tuple[str, Any]]) -> str:
    return "{" + ",".join([_cell(name, value) for name, value in cells]) + "}"


def _cell(name: str, value: object) -> str:
    return f"{_json(name)}:{value if isinstance(value, Literal) else _json(value)}"
