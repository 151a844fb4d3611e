"""A decision as an item of the alerts table, and an item as what it means. Reaches no store.

An item without `decision` is a tombstone: it says that the event at `position` is not flagged.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.records.decision_bytes import Literal, Parts, Reason, Sent, Undecodable, marks
from pipeline.records.decision_record import Delivery, Identity
from pipeline.settings.kinds import Text
from pipeline.sinks import Entry
from pipeline.sinks.dynamodb.client import Attribute, Item, Table, int_of, number, string_of, text

NAMED = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
_TEXTS = ("decision", "event_time", *NAMED, "extra", "features", "marks", "ruleset_version", "ruleset_hash")
_LONG = ("extra", "features", *NAMED)
"""What may be longer than an item has room for; the alert itself, its score and its reasons never are."""
LEFT_OUT = "left_out"
_NUMBERS = ("score", "amount", "source_partition", "source_offset", "decided_at_ms", "expires_at")
_FLAGS = ("late", "saturated")
FIELDS = (*_TEXTS, "source_topic", LEFT_OUT, *_NUMBERS, *_FLAGS, "reasons", "foreign")
"""The names of an entry's fields; `foreign` is what else the item holds, as JSON."""

TABLE_NAME = Text("a table's name", "[A-Za-z0-9_.-]{3,250}")
_KNOWN = frozenset(FIELDS) | {"user_id", "event_id", "position"}
_MOST_BYTES = {"user_id": 2048, "event_id": 1024}
_ITEM_BYTES = 400 * 1024 - 8_192
"""What an item may have, less its names, numbers and what DynamoDB counts for lists."""


def alerts_table(name: str) -> Table:
    """The table of alerts, with the stream that notifications are made from."""
    return Table(name, (("user_id", "S"), ("event_id", "S")), streams=True)


def key_of(identity: Identity) -> Item:
    """The key of an event's item."""
    return {"user_id": text(identity[0]), "event_id": text(identity[1])}


def key_problem(identity: Identity) -> str | None:
    """Why an event can have no item, None if it can."""
    for (name, most), value in zip(_MOST_BYTES.items(), identity, strict=True):
        if (size := len(value.encode())) > most:
            return f"{name} has {size} bytes, a key at most {most}"
    return None


def tombstone(delivery: Delivery, identity: Identity, ttl_ms: int) -> Item:
    """What stays of an alert that was withdrawn."""
    return key_of(identity) | {
        "position": number(delivery.position),
        "expires_at": number(expires_at(delivery, ttl_ms)),
    }


def alert_item(delivery: Delivery, parts: Parts, ttl_ms: int) -> Item:
    """The item of a flagged decision. Raises Undecodable."""
    transaction, verdict = parts.transaction, parts.verdict
    try:
        item = key_of(parts.identity) | {
            "position": number(delivery.position),
            "decision": text(verdict["decision"]),
            "score": number(int(verdict["score"])),
            "amount": number(Decimal(str(transaction["amount"])).normalize()),
            "event_time": text(transaction["event_time"]),
            "features": text(parts.features),
            "reasons": {"L": [_reason(hit) for hit in verdict["reasons"]]},
            "ruleset_version": text(verdict["ruleset_version"]),
            "ruleset_hash": text(verdict["ruleset_hash"]),
            "late": {"BOOL": bool(verdict["late"])},
            "saturated": {"BOOL": bool(verdict["saturated"])},
            "source_topic": text(transaction["source"]["topic"]),
            "source_partition": number(int(transaction["source"]["partition"])),
            "source_offset": number(int(transaction["source"]["offset"])),
            "decided_at_ms": number(delivery.append_ms),
            "expires_at": number(expires_at(delivery, ttl_ms)),
        }
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Undecodable(f"of another shape: {error!r}") from None
    item |= {name: text(transaction[name]) for name in NAMED if name in transaction}
    if extra := _extra(transaction):
        item["extra"] = text(extra)
    if said := marks(verdict):
        item["marks"] = text(json.dumps(said, ensure_ascii=False, sort_keys=True))
    return item if len(delivery.value) < _ITEM_BYTES else _fitting(item)


def _fitting(item: Item) -> Item:
    """Without the longest of its texts, as many as must go; `left_out` names them."""
    sizes = {name: len(item[name]["S"].encode()) for name in _LONG if name in item}
    fixed = len(json.dumps({name: one for name, one in item.items() if name not in sizes}).encode())
    left_out: list[str] = []
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if fixed + sum(sizes.values()) <= _ITEM_BYTES:
            break
        left_out.append(name)
        del sizes[name], item[name]
    return item | {LEFT_OUT: text(",".join(left_out))} if left_out else item


def expires_at(delivery: Delivery, ttl_ms: int) -> int:
    """When an alert ends, in whole epoch seconds, rounded up: that is what DynamoDB's TTL knows."""
    return -(-(delivery.append_ms + ttl_ms) // 1000)


def is_alert(item: Item, now_ms: int) -> bool:
    """Whether an item is an alert whose time is not over: DynamoDB deletes late, so readers must ask."""
    return "decision" in item and int_of(item, "expires_at") * 1000 > now_ms


def shown_with(item: Item) -> dict[str, object]:
    """The fields of the payment that an alert's item has, by name."""
    found: dict[str, object] = {name: string_of(item, name) for name in NAMED if name in item}
    extra: dict[str, object] = json.loads(string_of(item, "extra") or "{}")
    return found | extra


def identity_of(item: Item) -> Identity:
    """The event an item is about: its key."""
    return string_of(item, "user_id") or "", string_of(item, "event_id") or ""


def entry_of(item: Item) -> Entry:
    """What an alert's item means."""
    user_id, event_id = identity_of(item)
    if "position" not in item:
        return Entry(user_id, event_id, -1, (None,) * len(FIELDS))
    fields = (
        *[string_of(item, name) for name in (*_TEXTS, "source_topic", LEFT_OUT)],
        *[_plain(string_of(item, name)) for name in _NUMBERS],
        *[_truth(item, name) for name in _FLAGS],
        _reasons(item),
        _foreign(item),
    )
    partition = string_of(item, "source_partition")
    return Entry(
        user_id,
        event_id,
        int_of(item, "position", -1),
        fields,
        None,
        int(partition) if partition and partition.isdecimal() else None,
    )


def _reason(hit: Reason) -> Attribute:
    points, rule, said = number(int(hit["points"])), text(hit["rule"]), text(hit["text"])
    return {"M": {"rule": rule, "points": points, "text": said}}


def _extra(transaction: Sent) -> str:
    """The other fields as JSON, numbers as written; empty where there are none."""
    usual = {"event_id", "user_id", "event_time", "amount", "source", *NAMED}
    members = [
        f"{json.dumps(name, ensure_ascii=False)}:{_json(value)}"
        for name, value in transaction.items()
        if name not in usual
    ]
    return "{" + ",".join(members) + "}" if members else ""


def _json(value: Any) -> str:
    return value if isinstance(value, Literal) else json.dumps(value, ensure_ascii=False)


def _plain(value: str | None) -> str | None:
    """A number in the one form that equal numbers share."""
    if value is None or value.isdigit():
        return value
    try:
        return format(Decimal(value).normalize(), "f")
    except InvalidOperation:
        return value


def _truth(item: Item, name: str) -> str | None:
    value = (item.get(name) or {}).get("BOOL")
    return None if value is None else str(value).lower()


def _reasons(item: Item) -> str | None:
    found = (item.get("reasons") or {}).get("L")
    return None if found is None else json.dumps(found, ensure_ascii=False, sort_keys=True)


def _foreign(item: Item) -> str | None:
    rest = {name: value for name, value in item.items() if name not in _KNOWN}
    return json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str) if rest else None
