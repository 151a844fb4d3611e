"""Transactions and decisions, and their form on the wire.

Knows the JSON of both topics and refuses what does not fit it; knows nothing of rules, windows or Kafka.

What `decode` accepts, beyond the plain reading of the field list:

- Nesting counts the outer object as 1; more than 20 is `invalid_json`, less is `not_scalar` at its field.
- Only the outer object's keys are tested for duplicates, after unescaping. No byte order mark. An empty value
  (zero bytes) is `invalid_json`; no value at all is `empty_value`.
- For each field in document order: a bad name (NUL, lone surrogate) is `bad_string`, a reserved name is
  `reserved_field` even when null, null is skipped, an array or object is `not_scalar`, then type, then
  content.
- Optional strings may be empty. A number that overflows a double is `number_out_of_range`.
- `event_time`: see `parse_time`; `amount`: see `parse_amount`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring
from typing import Any, Final

from pipeline.records.identity import Identity, is_extended, stored_id
from pipeline.records.quantities import UNITS as UNITS
from pipeline.records.quantities import Number as Number
from pipeline.records.quantities import Refusal as Refusal
from pipeline.records.quantities import amount_text as amount_text
from pipeline.records.quantities import format_time as format_time
from pipeline.records.quantities import parse_amount as parse_amount
from pipeline.records.quantities import parse_time as parse_time

LABEL_FIELDS: Final = ("label", "label_time", "scenario")
DECISION_FIELDS: Final = (
    "source",
    "features",
    "late",
    "saturated",
    "score",
    "decision",
    "reasons",
    "ruleset_version",
    "ruleset_hash",
)
MARKS: Final = frozenset(("reused_id", "content_hash", "warming", "plugin_errors"))
"""What a decision says only when there is reason to."""
RESERVED: Final = frozenset(LABEL_FIELDS + DECISION_FIELDS) | MARKS
REQUIRED_FIELDS: Final = ("event_id", "user_id", "event_time", "amount")
STRING_FIELDS: Final = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
NUMBER_FIELDS: Final = ("lat", "lon")
MAX_EVENT_BYTES: Final = 65_536
MAX_NESTING: Final = 20

Scalar = str | Number | bool
"""A field as it came: text, a number as written, or a truth value. `Number` is a `str`: test for it first."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One accepted payment. `fields` holds every optional field that is present, in document order."""

    event_id: str
    user_id: str
    event_time_ms: int
    amount_units: int
    fields: Mapping[str, Scalar] = field(default_factory=dict)

    def get(self, name: str) -> str | int | float | bool | None:
        """The value of a field: amount in units (int), other numbers as float, absent as None."""
        if name == "amount":
            return self.amount_units
        if name == "user_id":
            return self.user_id
        if name == "event_id":
            return self.event_id
        value = self.fields.get(name)
        return float(value) if isinstance(value, Number) else value

    def text(self, name: str) -> str | None:
        """The value of a field as text: numbers as written, `true` or `false`, absent as None."""
        if name == "user_id":
            return self.user_id
        if name == "event_id":
            return self.event_id
        value = self.fields.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired: its name, its points and its sentence with the values filled in."""

    rule: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a transaction stands in the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one transaction. Numbers in `features` are `Number`s, as written in the log.

    `plugin_errors` says of each rule whose plug-in failed what went wrong; such a rule did not fire.
    `warming` names the features that the state does not hold enough for yet. `content_hash` is there when
    another event of the user had the id, with other content.
    """

    transaction: Transaction
    score: int
    decision: str
    source: Source
    reasons: tuple[Hit, ...]
    features: Mapping[str, Scalar]
    ruleset_version: str
    ruleset_hash: str
    late: bool
    saturated: bool
    plugin_errors: Mapping[str, str] = field(default_factory=dict)
    warming: tuple[str, ...] = ()
    content_hash: str | None = None

    @property
    def reused_id(self) -> bool:
        """Whether another event of the user had its id, with other content."""
        return self.content_hash is not None

    @property
    def flagged(self) -> bool:
        """Whether somebody should look: review or block."""
        return self.decision != "approve"

    @property
    def identity(self) -> Identity:
        """What makes two decisions decisions about the same event."""
        return self.transaction.user_id, stored_id(self.transaction.event_id, self.content_hash)


def plain(value: Scalar) -> str | int | float | bool:
    """A field as an ordinary JSON-able value: an integer literal becomes int, any other number float."""
    if not isinstance(value, Number):
        return value
    return int(value) if value.lstrip("-").isdigit() else float(value)


class _Members(list[tuple[str, Any]]):
    """A JSON object as the list of its members, so that order and duplicates stay visible."""


def _refuse_constant(name: str) -> Any:
    raise Refusal("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def _nesting(value: Any) -> int:
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        item, depth = open_values.pop()
        if isinstance(item, _Members):
            open_values.extend((member, depth + 1) for _, member in item)
        elif isinstance(item, list):
            open_values.extend((member, depth + 1) for member in item)
        else:
            continue
        deepest = max(deepest, depth)
    return deepest


def _members(value: bytes, max_event_bytes: int) -> _Members:
    if len(value) > max_event_bytes:
        raise Refusal("too_large", f"{len(value)} bytes, at most {max_event_bytes}")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("invalid_utf8", f"byte {error.start}") from None
    try:
        read = _DECODER.decode(text)
    except RecursionError:
        raise Refusal("invalid_json", f"nested deeper than {MAX_NESTING}") from None
    except ValueError as error:
        raise Refusal("invalid_json", str(error)) from None
    if _nesting(read) > MAX_NESTING:
        raise Refusal("invalid_json", f"nested deeper than {MAX_NESTING}")
    if not isinstance(read, _Members):
        raise Refusal("not_an_object", "the value is not a JSON object")
    _refuse_duplicates(name for name, _ in read)
    return read


def _refuse_duplicates(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refusal("duplicate_field", _shown(name))
        seen.add(name)


def _shown(name: str) -> str:
    return name[:100].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


_UNCLEAN = re.compile("[\0\ud800-\udfff]")


def _is_clean(text: str) -> bool:
    return _UNCLEAN.search(text) is None


def _checked_string(name: str, value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a string")
    if not _is_clean(value):
        raise Refusal("bad_string", name)
    return value


def _checked_id(name: str, value: Any) -> str:
    text = _checked_string(name, value)
    if not text:
        raise Refusal("empty_id", name)
    return text


def _checked_event_id(name: str, value: Any) -> str:
    text = _checked_id(name, value)
    if is_extended(text):
        raise Refusal("reserved_id", name)
    return text


def _checked_number(name: str, value: Any) -> Number:
    if not isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a number")
    if float(value) in (float("inf"), float("-inf")):
        raise Refusal("number_out_of_range", name)
    return value


def _checked_extra(name: str, value: Any) -> Scalar:
    if isinstance(value, bool):
        return value
    return _checked_number(name, value) if isinstance(value, Number) else _checked_string(name, value)


def _checked_time(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str):
        raise Refusal("wrong_type", f"{name} is neither a string nor a number")
    if not isinstance(value, Number):
        _checked_string(name, value)
    return parse_time(value)


def _checked_amount(name: str, value: Any) -> int:
    if not isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a number")
    return parse_amount(value)


_CHECKS = (
    {
        "event_id": _checked_event_id,
        "user_id": _checked_id,
        "event_time": _checked_time,
        "amount": _checked_amount,
    }
    | dict.fromkeys(STRING_FIELDS, _checked_string)
    | dict.fromkeys(NUMBER_FIELDS, _checked_number)
)


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, list):
        raise Refusal("not_scalar", _shown(name))
    return _CHECKS.get(name, _checked_extra)(name, value)


def _transaction(members: Iterable[tuple[str, Any]]) -> Transaction:
    fields: dict[str, Any] = {}
    for name, value in members:
        if not _is_clean(name):
            raise Refusal("bad_string", _shown(name))
        if name in RESERVED:
            raise Refusal("reserved_field", name)
        if value is not None:
            fields[name] = _checked(name, value)
    for name in REQUIRED_FIELDS:
        if name not in fields:
            raise Refusal("missing_field", name)
    event_id, user_id, event_time_ms, amount_units = (fields.pop(name) for name in REQUIRED_FIELDS)
    return Transaction(event_id, user_id, event_time_ms, amount_units, fields)


def decode(value: bytes | None, max_event_bytes: int = MAX_EVENT_BYTES) -> Transaction:
    """Read the value of a record of the transactions topic. Raises `Refusal` with the first problem found."""
    if value is None:
        raise Refusal("empty_value", "the record has no value")
    return _transaction(_members(value, max_event_bytes))


def _literal(value: Scalar | int) -> str:
    if isinstance(value, Number):
        return str(value)
    return encode_basestring(value) if isinstance(value, str) else json.dumps(value)


def _object(members: Mapping[str, Scalar]) -> str:
    # Spelt out by type, for this is most of what writing an event costs.
    return ",".join(
        [
            f"{encode_basestring(name)}:{encode_basestring(value) if type(value) is str else _literal(value)}"
            for name, value in members.items()
        ]
    )


def _head(tx: Transaction) -> str:
    required = (
        f'"event_id":{_literal(tx.event_id)},"user_id":{_literal(tx.user_id)}'
        f',"event_time":"{format_time(tx.event_time_ms)}","amount":{amount_text(tx.amount_units)}'
    )
    return f"{required},{_object(tx.fields)}" if tx.fields else required


def encode(tx: Transaction) -> bytes:
    """The canonical JSON of a transaction: required fields first, others in document order, as written."""
    return f"{{{_head(tx)}}}".encode()


def content_hash(tx: Transaction) -> str:
    """What tells a copy of an event from another event with its id, as sixteen hexadecimal digits.

    The first 64 bits of the SHA-256 of the canonical JSON with the further fields by name: a sender may
    repeat an event with its fields in another order.
    """
    by_name = replace(tx, fields=dict(sorted(tx.fields.items())))
    return hashlib.sha256(encode(by_name)).hexdigest()[:16]


def encode_tail(
    score: int,
    decision: str,
    reasons: Iterable[Hit],
    version: str,
    ruleset_hash: str,
    plugin_errors: Mapping[str, str],
) -> bytes:
    """The end of a decision's JSON, from `,"score"` to the closing brace: what scoring adds to the head."""
    failed = f',"plugin_errors":{{{_object(plugin_errors)}}}' if plugin_errors else ""
    hits = ",".join(
        f'{{"rule":{_literal(hit.rule)},"points":{hit.points},"text":{_literal(hit.text)}}}'
        for hit in reasons
    )
    return (
        f',"score":{score},"decision":{_literal(decision)},"reasons":[{hits}]{failed}'
        f',"ruleset_version":{_literal(version)},"ruleset_hash":{_literal(ruleset_hash)}}}'
    ).encode()


def encode_decision(decision: Decision) -> bytes:
    """The JSON of a decision, byte for byte as the job writes it."""
    source = decision.source
    head = (
        f'{{{_head(decision.transaction)},"source":{{"topic":{_literal(source.topic)},'
        f'"partition":{source.partition},"offset":{source.offset}}},"features":{{{_object(decision.features)}}}'
        f',"late":{_literal(decision.late)},"saturated":{_literal(decision.saturated)}'
    )
    if decision.content_hash is not None:
        head += f',"reused_id":true,"content_hash":{_literal(decision.content_hash)}'
    if decision.warming:
        head += f',"warming":[{",".join(map(_literal, decision.warming))}]'
    tail = encode_tail(
        decision.score,
        decision.decision,
        decision.reasons,
        decision.ruleset_version,
        decision.ruleset_hash,
        decision.plugin_errors,
    )
    return head.encode() + tail


def decode_decision(value: bytes) -> Decision:
    """Read a decision. Raises ValueError when the bytes are not one.

    From `source` on the keys are the decision's own; a transaction cannot carry fields of those names.
    """
    members = _DECODER.decode(value.decode("utf-8"))
    names = [name for name, _ in members] if isinstance(members, _Members) else []
    first = names.index("source") if "source" in names else len(names)
    if tuple(name for name in names[first:] if name not in MARKS) != DECISION_FIELDS:
        raise ValueError("not a decision: its keys are not those of one")
    own = dict(members[first:])
    source = dict(own["source"])
    return Decision(
        transaction=_transaction(members[:first]),
        score=int(own["score"]),
        decision=own["decision"],
        source=Source(source["topic"], int(source["partition"]), int(source["offset"])),
        reasons=tuple(_hit(dict(hit)) for hit in own["reasons"]),
        features=dict(own["features"]),
        ruleset_version=own["ruleset_version"],
        ruleset_hash=own["ruleset_hash"],
        late=own["late"],
        saturated=own["saturated"],
        plugin_errors=dict(own.get("plugin_errors", ())),
        warming=tuple(own.get("warming", ())),
        content_hash=own.get("content_hash"),
    )


def _hit(members: Mapping[str, Any]) -> Hit:
    return Hit(members["rule"], int(members["points"]), members["text"])
