"""A flat Avro record as JSON: what a transaction in Avro says.

A transaction's fields are scalars, so no more of Avro is read than records of scalars, each alone or in a
union with null. Content that is not exactly by the schema is refused: this reader and the kernel's,
`schema/AvroRecord.java`, must let the same pass. Of an Avro field

- text, uuid and the symbol of an enum become text, boolean a truth value;
- int and long become numbers; timestamps, of whichever precision, whole milliseconds (cut off, not rounded);
- decimal becomes a number with as many fraction digits as its scale says;
- float and double become the shortest number that is read as the same value, by `shortest`;
- null becomes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from pipeline.records.quantities import Refusal

LARGEST_DECIMAL_BYTES: Final = 64
PLAIN_DIGITS: Final = 20
"""A fraction that takes more digits before or behind its point is written with an exponent."""
_TIMES: Final = {"timestamp-millis": 1, "timestamp-micros": 1_000, "timestamp-nanos": 1_000_000}


class Unsupported(Exception):
    """A schema is none that a transaction can be of. The text says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, how its content is read as JSON, and at which place of its union null stands."""

    name: str
    read: Callable[[Content], str]
    null_at: int | None = None


class Content:
    """The bytes of one record, read from the start on. Raises `Refusal` where they are not by the schema."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self._at:
            raise _undecodable("the content ends too early")
        self._at += count
        return self._content[self._at - count : self._at]

    def short(self) -> int | None:
        """The next byte where it is a whole number by itself, as most are; else None, and none is taken."""
        if self._at == len(self._content) or (byte := self._content[self._at]) >= 0x80:
            return None
        self._at += 1
        return byte

    def whole(self, bits: int = 64) -> int:
        """A number in zigzag form, of as many bytes as it needs."""
        if (byte := self.short()) is not None:
            return (byte >> 1) ^ -(byte & 1)
        found = shift = 0
        while True:
            [byte] = self.take(1)
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > bits:
                raise _undecodable(f"a number of more than {bits} bits")
        if found >> bits:
            raise _undecodable(f"a number of more than {bits} bits")
        return (found >> 1) ^ -(found & 1)

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._content)

    def end(self) -> None:
        """Nothing may follow."""
        if not self.is_at_end:
            raise _undecodable(f"{len(self._content) - self._at} bytes follow the record")


@dataclass(frozen=True, slots=True)
class Record:
    """A schema as it is read by."""

    fields: tuple[Field, ...]

    @classmethod
    def of(cls, schema: Any) -> Record:
        """Of a schema's JSON. Raises Unsupported."""
        if not isinstance(schema, Mapping) or schema.get("type") != "record":
            raise Unsupported("it is no record")
        given, named = schema.get("fields"), _Named(schema)
        if not isinstance(given, list):
            raise Unsupported("its fields are missing")
        return cls(tuple(_field(one, named) for one in given))

    def json_of(self, content: bytes) -> bytes:
        """The record as a JSON object. Raises `Refusal`."""
        reading, members = Content(content), []
        for field in self.fields:
            if field.null_at is not None and (place := reading.whole()) != 1 - field.null_at:
                if place != field.null_at:
                    raise _undecodable(f"{field.name}: its union has no place {place}")
                continue
            members.append(f"{encode_basestring(field.name)}:{field.read(reading)}")
        reading.end()
        return f"{{{','.join(members)}}}".encode()


def shortest(number: float, bits: int = 64) -> str:
    """The number with the fewest digits that is read as this one, the nearest of them.

    Raises `Refusal` for infinity and what is no number.
    """
    if number != number or number in (float("inf"), float("-inf")):
        raise Refusal("number_out_of_range", "a number that JSON has no form for")
    for digits in range(1, 18):
        text = f"{number:.{digits - 1}e}"
        if _as(float(text), bits) == number:
            break
    return _plain(Decimal(text))


def _as(number: float, bits: int) -> float:
    if bits == 64:
        return number
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return float("inf")


def _plain(number: Decimal) -> str:
    sign, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    if digits == (0,):
        return "0"
    written = ("-" if sign else "") + "".join(map(str, digits))
    if -PLAIN_DIGITS <= exponent <= PLAIN_DIGITS:
        return f"{number:f}" if exponent < 0 else written + "0" * exponent
    return f"{written}e{exponent}"


class _Named:
    """The types that fields have given a name so far, by their full names."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._space = schema.get("namespace") or str(schema.get("name", "")).rpartition(".")[0]
        self._types: dict[str, Mapping[str, Any]] = {}

    def keep(self, kind: Mapping[str, Any]) -> None:
        if isinstance(kind.get("name"), str):
            self._types[self._full(kind["name"], kind.get("namespace"))] = kind

    def find(self, name: str) -> Mapping[str, Any] | None:
        return self._types.get(self._full(name, None))

    def _full(self, name: str, space: Any) -> str:
        return name if "." in name else f"{space or self._space}.{name}"


def _field(given: Any, named: _Named) -> Field:
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise Unsupported("a field has no name")
    name, kind, null_at = given["name"], given.get("type"), None
    if isinstance(kind, list):
        if len(kind) != 2 or "null" not in kind or kind == ["null", "null"]:
            raise Unsupported(f"field {name}: a union of other than null and one type")
        null_at = kind.index("null")
        kind = kind[1 - null_at]
    try:
        return Field(name, _reader(kind, named), null_at)
    except Unsupported as error:
        raise Unsupported(f"field {name}: {error}") from None


def _reader(kind: Any, named: _Named) -> Callable[[Content], str]:
    """How content of a type is read."""
    if isinstance(kind, str):
        kind = named.find(kind) or {"type": kind}
    if not isinstance(kind, Mapping):
        raise Unsupported("its type is no scalar")
    if isinstance(kind.get("type"), Mapping):
        return _reader(kind["type"], named)
    named.keep(kind)
    base, logical = str(kind.get("type")), kind.get("logicalType")
    if base == "enum":
        return _enum(kind)
    if logical == "decimal" and base in ("bytes", "fixed"):
        return _decimal(kind)
    if base == "long" and logical in _TIMES:
        return _time(_TIMES[logical])
    if base in _PLAIN:
        return _PLAIN[base]
    raise Unsupported(f"{base} is no scalar of a transaction")


def _enum(kind: Mapping[str, Any]) -> Callable[[Content], str]:
    symbols = kind.get("symbols")
    if not isinstance(symbols, list) or not all(isinstance(one, str) for one in symbols):
        raise Unsupported("an enum without symbols")
    texts = tuple(map(encode_basestring, symbols))

    def read(content: Content) -> str:
        place = content.whole(32)
        if not 0 <= place < len(texts):
            raise _undecodable(f"its enum has no symbol {place}")
        return texts[place]

    return read


def _decimal(kind: Mapping[str, Any]) -> Callable[[Content], str]:
    scale, size = kind.get("scale", 0), kind.get("size") if kind["type"] == "fixed" else None
    if not isinstance(scale, int) or not 0 <= scale <= PLAIN_DIGITS:
        raise Unsupported(f"a decimal of scale {scale}")
    if kind["type"] == "fixed" and not isinstance(size, int):
        raise Unsupported("a fixed without a size")

    def read(content: Content) -> str:
        count = content.whole() if size is None else size
        if not 1 <= count <= LARGEST_DECIMAL_BYTES:
            raise _undecodable(f"a decimal of {count} bytes")
        unscaled = int.from_bytes(content.take(count), "big", signed=True)
        return f"{Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -scale)):f}"

    return read


def _time(per_ms: int) -> Callable[[Content], str]:
    return lambda content: str(content.whole() // per_ms)


def _boolean(content: Content) -> str:
    [byte] = content.take(1)
    if byte > 1:
        raise _undecodable(f"a boolean of {byte}")
    return "true" if byte else "false"


def _text(content: Content) -> str:
    try:
        return encode_basestring(content.take(content.whole()).decode())
    except UnicodeDecodeError as error:
        raise Refusal("invalid_utf8", f"byte {error.start} of a text") from None


def _undecodable(why: str) -> Refusal:
    return Refusal("undecodable", why)


_PLAIN: Final[Mapping[str, Callable[[Content], str]]] = {
    "boolean": _boolean,
    "int": lambda content: str(content.whole(32)),
    "long": lambda content: str(content.whole()),
    "float": lambda content: shortest(struct.unpack("<f", content.take(4))[0], 32),
    "double": lambda content: shortest(struct.unpack("<d", content.take(8))[0]),
    "string": _text,
}
