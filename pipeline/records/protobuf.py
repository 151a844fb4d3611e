"""A flat Protobuf message as JSON: what a transaction in Protobuf says.

As with `pipeline.records.avro` no more is read than scalars, and content that is not exactly by the schema is
refused: this reader and the kernel's, `schema/ProtoMessage.java`, must let the same pass. Of a field

- string and the name of an enum's value become text, bool a truth value, whole numbers themselves;
- float and double become the shortest number that is read as the same value;
- `google.protobuf.Timestamp` becomes whole milliseconds (cut off), a wrapper such as
  `google.protobuf.StringValue` what it wraps, `confluent.type.Decimal` that number;
- one that is absent becomes nothing where its absence can be told: `optional`, in a oneof, a message, or
  proto2. Without that (proto3) it has the value zero, false or an enum's first, and an empty text is nothing.

Content begins with the place of its message in the schema, as registries have it: how many numbers there
are, then these; a zero alone is the first message. Fields come in the order of the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring

from pipeline.records.avro import Content, Unsupported
from pipeline.records.proto_file import DEEPEST, Message, ProtoField, ProtoFile
from pipeline.records.proto_kinds import PARTS, SCALARS, Kind, fields, symbol, undecodable


@dataclass(frozen=True, slots=True)
class Reading:
    """One field as it is read. `absent` is its JSON where it is not there, None for nothing."""

    declared: ProtoField
    kind: Kind
    absent: str | None

    @property
    def oneof(self) -> int:
        return self.declared.oneof


class Messages:
    """A schema as it is read by: each of its messages when content of it first comes."""

    def __init__(self, file: ProtoFile) -> None:
        self._file = file
        self._known: dict[tuple[int, ...], Sequence[Reading]] = {}

    @classmethod
    def of(cls, text: str) -> Messages:
        """Of a schema's text. Raises Unsupported."""
        return cls(ProtoFile.of(text))

    def json_of(self, content: bytes) -> bytes:
        """The message as a JSON object. Raises `Refusal`; Unsupported where no transaction can be of it."""
        reading = Content(content)
        places = _places(reading)
        message = self._file.message(places)
        if message is None:
            raise undecodable(f"the schema has no message at {list(places)}")
        if places not in self._known:
            self._known[places] = [_reading(self._file, message, one) for one in message.fields]
        return _object(reading, self._known[places])


def _places(content: Content) -> tuple[int, ...]:
    count = content.whole()
    if not 0 <= count <= DEEPEST + 1:
        raise undecodable(f"a place of {count} numbers")
    return tuple(content.whole() for _ in range(count)) or (0,)


def _object(content: Content, readings: Sequence[Reading]) -> bytes:
    found, members = fields(content, {one.declared.number: one for one in readings}), []
    for one in readings:
        raw = found.get(one.declared.number)
        if raw is None and one.declared.label == "required":
            raise undecodable(f"{one.declared.name} is missing")
        text = one.absent if raw is None else one.kind.read(raw)
        if text is not None:
            members.append(f"{encode_basestring(one.declared.name)}:{text}")
    return f"{{{','.join(members)}}}".encode()


def _reading(file: ProtoFile, message: Message, declared: ProtoField) -> Reading:
    try:
        if declared.label == "repeated":
            raise Unsupported("it is repeated")
        kind = _kind(file, message, declared.type)
    except Unsupported as error:
        raise Unsupported(f"field {declared.name}: {error}") from None
    is_told = declared.label != "" or declared.oneof > 0 or not file.is_proto3
    return Reading(declared, kind, None if is_told else kind.absent)


def _kind(file: ProtoFile, message: Message, name: str) -> Kind:
    if name in SCALARS:
        return SCALARS[name]
    full = file.full_name(name, message.name)
    if full is not None and full in file.enums:
        return symbol(file.enums[full])
    if full is None and (known := name.removeprefix(".")) in PARTS:
        return PARTS[known]
    raise Unsupported(f"{name} is no scalar of a transaction")
