"""Transactions in the wire format of schema registries: a zero byte, the number of a schema, the content.

Such a value is the JSON object that `Framed.json_of` makes of it, and from there on a value like any other:
`pipeline.records.events` accepts or refuses it, and hashes, decisions and positions know of no frame.
The kernel's `schema/Framed.java` makes the same bytes and refuses for the same reasons.

- Content by a JSON Schema is the JSON that it is.
- Content by an Avro record has a member for each field that is not null, in the schema's order, as
  `pipeline.records.avro` says.
- Content by a Protobuf message has one for each field that is there, as `pipeline.records.protobuf` says.
- Refused are, by name: `unknown_schema`, a number that the registry does not know, or a frame without one;
  `unsupported_schema`, a schema that no transaction can be of; `undecodable`, content that is not by its
  schema; `number_out_of_range`, a number that JSON has no form for.

Knows no registry: who makes a `Framed` says where schemas come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.records.avro import Record, Unsupported
from pipeline.records.protobuf import Messages
from pipeline.records.quantities import Refusal

MAGIC = b"\0"
HEAD_BYTES = 5


@dataclass(frozen=True, slots=True)
class Schema:
    """One as a registry has it: AVRO, JSON or PROTOBUF, its text, and whether it needs others."""

    kind: str
    text: str
    has_references: bool = False


Schemas = Callable[[int], Schema | None]
"""The schema of a number, None where the registry knows none."""


def is_framed(value: bytes) -> bool:
    """Whether the value is in a frame: JSON never begins with a zero byte."""
    return value.startswith(MAGIC)


def framed(number: int, content: bytes) -> bytes:
    """The content in its frame."""
    return MAGIC + number.to_bytes(4, "big") + content


class Framed:
    """Takes values out of their frames. Schemas are asked for once: the schema of a number never changes."""

    def __init__(self, schemas: Schemas) -> None:
        self._schema = lru_cache(maxsize=1_000)(schemas)
        self._record = lru_cache(maxsize=1_000)(_record)

    def json_of(self, value: bytes) -> bytes:
        """The JSON of a value, which is itself where it has no frame. Raises `Refusal`."""
        if not is_framed(value):
            return value
        if len(value) < HEAD_BYTES:
            raise Refusal("unknown_schema", f"a frame of {len(value)} bytes")
        number = int.from_bytes(value[1:HEAD_BYTES], "big", signed=True)
        schema = self._schema(number)
        if schema is None:
            raise Refusal("unknown_schema", f"the registry knows no schema {number}")
        if schema.kind == "JSON":
            return value[HEAD_BYTES:]
        try:
            return self._record(schema).json_of(value[HEAD_BYTES:])
        except Unsupported as error:
            raise Refusal("unsupported_schema", f"schema {number}: {error}") from None


def _record(schema: Schema) -> Record | Messages:
    if schema.kind not in ("AVRO", "PROTOBUF"):
        raise Unsupported(f"{schema.kind}: transactions are AVRO, JSON or PROTOBUF")
    if schema.has_references:
        raise Unsupported("it refers to other schemas")
    if schema.kind == "PROTOBUF":
        return Messages.of(schema.text)
    try:
        return Record.of(json.loads(schema.text))
    except (ValueError, RecursionError):
        raise Unsupported("it is not JSON") from None
