"""How the types of Protobuf are written and read as JSON: scalars, enums, and messages known beforehand.

The kernel's `schema/ProtoContent.java` and `ProtoKind.java` do the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final, Protocol

from pipeline.records.avro import LARGEST_DECIMAL_BYTES, PLAIN_DIGITS, Content, shortest
from pipeline.records.quantities import Refusal

VARINT, EIGHT, LENGTH, FOUR = 0, 1, 2, 5

Raw = int | bytes
"""What stands in the content: a number, or bytes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a type is written (its wire type), read as JSON, and what it is where it is not written."""

    wire: int
    read: Callable[[Raw], str]
    absent: str | None
    is_message: bool = False
    """whether it is a message of its own, which may come in parts"""


class Place(Protocol):
    """A field of a message, for who reads its content. `oneof` is the same for those of one oneof, else 0."""

    @property
    def kind(self) -> Kind: ...
    @property
    def oneof(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a message that is known beforehand."""

    kind: Kind
    oneof: int = 0


def fields(content: Content, places: Mapping[int, Place]) -> dict[int, Raw]:
    """What was written last of each field by its number; of a message the parts go together.

    Raises `Refusal` for what the schema does not have.
    """
    found: dict[int, Raw] = {}
    while not content.is_at_end:
        tag = unsigned(content)
        number, wire = tag >> 3, tag & 7
        place = places.get(number)
        if place is None or place.kind.wire != wire:
            raise undecodable(f"its schema has no field {number} of wire type {wire}")
        raw, before = raw_of(content, wire), found.get(number)
        if place.kind.is_message and isinstance(before, bytes) and isinstance(raw, bytes):
            raw = before + raw
        if place.oneof:
            found = {other: one for other, one in found.items() if places[other].oneof != place.oneof}
        found[number] = raw
    return found


def unsigned(content: Content) -> int:
    """A number of up to 64 bits, in seven of each byte. Raises `Refusal`."""
    if (byte := content.short()) is not None:
        return byte
    found = shift = 0
    while shift < 64:
        [byte] = content.take(1)
        found |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return _plain(found, 64)
    raise undecodable("a number of more than 64 bits")


def symbol(names: Mapping[int, str]) -> Kind:
    """An enum of these names."""

    def read(raw: Raw) -> str:
        number = _signed(raw, 32)
        if number not in names:
            raise undecodable(f"its enum has no value {number}")
        return encode_basestring(names[number])

    return Kind(VARINT, read, encode_basestring(names[0]) if 0 in names else None)


def undecodable(why: str) -> Refusal:
    """The content is not by its schema."""
    return Refusal("undecodable", why)


def raw_of(content: Content, wire: int) -> Raw:
    """What stands next in the content, by its wire type. Raises `Refusal`."""
    if wire == VARINT:
        return unsigned(content)
    return content.take(unsigned(content) if wire == LENGTH else 8 if wire == EIGHT else 4)


def _number(raw: Raw | None) -> int:
    assert not isinstance(raw, bytes)
    return raw or 0


def _bytes(raw: Raw | None) -> bytes:
    assert not isinstance(raw, int)
    return raw or b""


def _signed(raw: Raw | None, bits: int) -> int:
    number = _number(raw)
    found = number - (1 << 64) if number >> 63 else number
    if not -(1 << bits - 1) <= found < 1 << bits - 1:
        raise undecodable(f"a number of more than {bits} bits")
    return found


def _plain(raw: Raw, bits: int) -> int:
    if (found := _number(raw)) >> bits:
        raise undecodable(f"a number of more than {bits} bits")
    return found


def _zigzag(raw: Raw, bits: int) -> int:
    found = _plain(raw, bits)
    return (found >> 1) ^ -(found & 1)


def _truth(raw: Raw) -> str:
    if (found := _number(raw)) > 1:
        raise undecodable(f"a bool of {found}")
    return "true" if found else "false"


def _text(raw: Raw) -> str:
    try:
        return encode_basestring(_bytes(raw).decode())
    except UnicodeDecodeError as error:
        raise Refusal("invalid_utf8", f"byte {error.start} of a text") from None


def _whole(form: str) -> Callable[[Raw], str]:
    return lambda raw: str(struct.unpack(form, _bytes(raw))[0])


def _fraction(form: str, bits: int) -> Callable[[Raw], str]:
    return lambda raw: shortest(struct.unpack(form, _bytes(raw))[0], bits)


def _within(raw: Raw, *kinds: Kind) -> dict[int, Raw]:
    """The fields of a message known beforehand, numbered from 1 on."""
    return fields(Content(_bytes(raw)), {number: Part(kind) for number, kind in enumerate(kinds, start=1)})


def _timestamp(raw: Raw) -> str:
    found = _within(raw, SCALARS["int64"], SCALARS["int32"])
    return str(_signed(found.get(1), 64) * 1_000 + _signed(found.get(2), 32) // 1_000_000)


def _decimal(raw: Raw) -> str:
    found = _within(raw, SCALARS["string"], SCALARS["uint32"], SCALARS["int32"])
    digits, scale = _bytes(found.get(1)), _signed(found.get(3), 32)
    if not 1 <= len(digits) <= LARGEST_DECIMAL_BYTES or not 0 <= scale <= PLAIN_DIGITS:
        raise undecodable(f"a decimal of {len(digits)} bytes with scale {scale}")
    unscaled = int.from_bytes(digits, "big", signed=True)
    return f"{Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -scale)):f}"


def _wrapped(kind: Kind) -> Callable[[Raw], str]:
    def read(raw: Raw) -> str:
        value = _within(raw, kind).get(1)
        return (kind.absent or '""') if value is None else kind.read(value)

    return read


SCALARS: Final[Mapping[str, Kind]] = {
    "int32": Kind(VARINT, lambda raw: str(_signed(raw, 32)), "0"),
    "int64": Kind(VARINT, lambda raw: str(_signed(raw, 64)), "0"),
    "uint32": Kind(VARINT, lambda raw: str(_plain(raw, 32)), "0"),
    "uint64": Kind(VARINT, lambda raw: str(_plain(raw, 64)), "0"),
    "sint32": Kind(VARINT, lambda raw: str(_zigzag(raw, 32)), "0"),
    "sint64": Kind(VARINT, lambda raw: str(_zigzag(raw, 64)), "0"),
    "fixed32": Kind(FOUR, _whole("<I"), "0"),
    "sfixed32": Kind(FOUR, _whole("<i"), "0"),
    "fixed64": Kind(EIGHT, _whole("<Q"), "0"),
    "sfixed64": Kind(EIGHT, _whole("<q"), "0"),
    "float": Kind(FOUR, _fraction("<f", 32), "0"),
    "double": Kind(EIGHT, _fraction("<d", 64), "0"),
    "bool": Kind(VARINT, _truth, "false"),
    "string": Kind(LENGTH, _text, None),
}
_WRAPPERS: Final = {
    "DoubleValue": "double",
    "FloatValue": "float",
    "Int64Value": "int64",
    "UInt64Value": "uint64",
    "Int32Value": "int32",
    "UInt32Value": "uint32",
    "BoolValue": "bool",
    "StringValue": "string",
}
PARTS: Final[Mapping[str, Kind]] = {
    "google.protobuf.Timestamp": Kind(LENGTH, _timestamp, None, is_message=True),
    "confluent.type.Decimal": Kind(LENGTH, _decimal, None, is_message=True),
    **{
        f"google.protobuf.{name}": Kind(LENGTH, _wrapped(SCALARS[scalar]), None, is_message=True)
        for name, scalar in _WRAPPERS.items()
    },
}
"""Messages that are known beforehand, since registries need no reference to them."""
