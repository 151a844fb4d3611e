"""Transactions and their form on the wire.

Knows the JSON of their topic and refuses what does not fit it; knows nothing of rules, windows or Kafka.

What `decode` accepts, beyond the plain reading of the field list:

- Nesting counts the outer object as 1; more than 20 is `invalid_json`, less is `not_scalar` at its field.
- Only the outer object's keys are tested for duplicates, after unescaping. No byte order mark. An empty value
  (zero bytes) is `invalid_json`; no value at all is `empty_value`.
- For each field in document order: a bad name (NUL, lone surrogate) is `bad_string`, a reserved name is
  `reserved_field` even when null, null is skipped, an array or object is `not_scalar`, then type, then
  content.
- Texts that the pipeline knows have one spelling (`pipeline.records.spelling`): blank ones are absent, codes
  are upper case, addresses are brought to one form and kept in `ip_as_sent` where they came in another; a
  list of addresses is `bad_ip`. Other texts may be empty.
- A text in a field whose name ends in `_id` is within the limits of ids, else `id_too_long` or `bad_id`.
- A number that overflows a double is `number_out_of_range`.
- `event_time`: see `parse_time`; `amount`: see `parse_amount`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.records.fields import REQUIRED_FIELDS, RESERVED, checked
from pipeline.records.ids import IDS, IdLimits
from pipeline.records.quantities import Number, Refusal, amount_text, format_time
from pipeline.records.spelling import AS_SENT
from pipeline.records.wire import MAX_EVENT_BYTES, Scalar, is_clean, literal, members_of, object_text, shown


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
        """The value of a field as text: the amount in units, other numbers as written, `true` or `false`,
        absent as None."""
        if name == "amount":
            return str(self.amount_units)
        if name == "user_id":
            return self.user_id
        if name == "event_id":
            return self.event_id
        value = self.fields.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)


def transaction_of(members: Iterable[tuple[str, Any]], ids: IdLimits = IDS) -> Transaction:
    """The transaction that an object with these members is. Raises `Refusal` with the first problem found."""
    fields: dict[str, Any] = {}
    as_sent: str | None = None
    for name, value in members:
        if not is_clean(name):
            raise Refusal("bad_string", shown(name))
        if name in RESERVED:
            raise Refusal("reserved_field", name)
        if value is not None and (found := checked(name, value, ids)) is not None:
            fields[name] = found
            if name == "ip" and found != value:
                as_sent = value
    if as_sent is not None:
        fields.setdefault(AS_SENT, as_sent)
    for name in REQUIRED_FIELDS:
        if name not in fields:
            raise Refusal("missing_field", name)
    event_id, user_id, event_time_ms, amount_units = (fields.pop(name) for name in REQUIRED_FIELDS)
    return Transaction(event_id, user_id, event_time_ms, amount_units, fields)


def decode(value: bytes | None, max_event_bytes: int = MAX_EVENT_BYTES, ids: IdLimits = IDS) -> Transaction:
    """Read the value of a record of the transactions topic. Raises `Refusal` with the first problem found."""
    if value is None:
        raise Refusal("empty_value", "the record has no value")
    return transaction_of(members_of(value, max_event_bytes), ids)


def head_of(tx: Transaction) -> str:
    """The members of a transaction's JSON in their one order, without the braces."""
    required = (
        f'"event_id":{literal(tx.event_id)},"user_id":{literal(tx.user_id)}'
        f',"event_time":"{format_time(tx.event_time_ms)}","amount":{amount_text(tx.amount_units)}'
    )
    return f"{required},{object_text(tx.fields)}" if tx.fields else required


def encode(tx: Transaction) -> bytes:
    """The canonical JSON of a transaction: required fields first, others in document order, as written."""
    return f"{{{head_of(tx)}}}".encode()


def content_hash(tx: Transaction) -> str:
    """What tells a copy of an event from another event with its id, as sixteen hexadecimal digits.

    The first 64 bits of the SHA-256 of the canonical JSON with the further fields by name: a sender may
    repeat an event with its fields in another order.
    """
    by_name = replace(tx, fields=dict(sorted(tx.fields.items())))
    return hashlib.sha256(encode(by_name)).hexdigest()[:16]
