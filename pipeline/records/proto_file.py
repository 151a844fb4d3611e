"""What the text of a Protobuf schema declares: its messages and enums, as far as reading content needs it.

Read are `syntax` proto2 and proto3, packages, messages within messages, enums and oneofs. Options, services,
reserved numbers and extensions say nothing about how a field is written and are passed over. Editions and
groups are not read. The kernel's `schema/ProtoFile.java` reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline.records.avro import Unsupported

LARGEST_NUMBER: Final = (1 << 29) - 1
DEEPEST: Final = 32
"""how many messages one may lie within"""
_TOKEN: Final = re.compile(
    r"""(?sx) (?P<blank> [ \t\r\n\f\v]+ | //[^\n]* | /\*.*?\*/ )
    | (?P<text> "[^"\\\n]*(?:\\.[^"\\\n]*)*" | '[^'\\\n]*(?:\\.[^'\\\n]*)*' )
    | (?P<word> \.?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)* )
    | (?P<number> [0-9][0-9A-Za-z.]* | \.[0-9][0-9A-Za-z]* )
    | (?P<sign> [{}()\[\]<>;=,:+/-] )"""
)
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,11}")
_PASSED_OVER: Final = frozenset({"option", "reserved", "extensions", "import"})
_BLOCKS: Final = frozenset({"extend", "service"})
_LABELS: Final = frozenset({"optional", "required", "repeated"})


@dataclass(frozen=True, slots=True)
class ProtoField:
    """One field as it is declared. `oneof` is the number of its oneof in the message, from 1 on, else 0."""

    name: str
    number: int
    type: str
    label: str = ""
    oneof: int = 0


@dataclass(slots=True)
class Message:
    """One message. `name` has the package and the messages around it in front."""

    name: str
    fields: list[ProtoField] = field(default_factory=list)
    inner: list[Message] = field(default_factory=list)

    def family(self) -> Iterator[Message]:
        """This one and all within it."""
        yield self
        for one in self.inner:
            yield from one.family()


@dataclass(frozen=True, slots=True)
class ProtoFile:
    """The declarations of one file. Enums are known by their full names: of each its names by number."""

    is_proto3: bool
    messages: Sequence[Message]
    enums: Mapping[str, Mapping[int, str]]

    @classmethod
    def of(cls, text: str) -> ProtoFile:
        """Raises Unsupported for what is not read here."""
        return _Reading(text).file()

    def message(self, places: Sequence[int]) -> Message | None:
        """The message at such a place: its place in the file, then in the one around it, and so on."""
        found, among = None, self.messages
        for place in places:
            if not 0 <= place < len(among):
                return None
            found = among[place]
            among = found.inner
        return found

    def full_name(self, name: str, within: str) -> str | None:
        """Which declared type is meant by a name within a message; None where none of this file is."""
        known = {one.name for top in self.messages for one in top.family()} | self.enums.keys()
        if name.startswith("."):
            return name[1:] if name[1:] in known else None
        while True:
            full = f"{within}.{name}" if within else name
            if full in known:
                return full
            if not within:
                return None
            within = within.rpartition(".")[0]


class _Reading:
    """The text, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens, self._at = list(_tokens(text)), 0
        self._package, self._is_proto3 = "", False
        self._enums: dict[str, dict[int, str]] = {}

    def file(self) -> ProtoFile:
        messages = []
        while self._at < len(self._tokens):
            word = self._next()
            if word == "message":
                messages.append(self._message(self._package, 0))
            elif word == "enum":
                self._enum(self._package)
            elif word == "package":
                self._package = self._next()
                self._expect(";")
            elif word == "syntax":
                self._syntax()
            else:
                self._pass_over(word)
        return ProtoFile(self._is_proto3, messages, self._enums)

    def _syntax(self) -> None:
        self._expect("=")
        said = self._next()[1:-1]
        if said not in ("proto2", "proto3"):
            raise Unsupported(f"syntax {said}")
        self._is_proto3 = said == "proto3"
        self._expect(";")

    def _message(self, around: str, depth: int) -> Message:
        if depth > DEEPEST:
            raise Unsupported(f"a message within more than {DEEPEST} others")
        found, oneofs = Message(_joined(around, self._next())), 0
        self._expect("{")
        while (word := self._next()) != "}":
            if word == "message":
                found.inner.append(self._message(found.name, depth + 1))
            elif word == "enum":
                self._enum(found.name)
            elif word == "oneof":
                oneofs += 1
                self._oneof(found, oneofs)
            elif word == ";" or word in _PASSED_OVER or word in _BLOCKS:
                self._pass_over(word)
            else:
                found.fields.append(self._field(word))
        return found

    def _oneof(self, message: Message, number: int) -> None:
        self._next()
        self._expect("{")
        while (word := self._next()) != "}":
            if word in _PASSED_OVER:
                self._pass_over(word)
            else:
                message.fields.append(self._field(word, number))

    def _field(self, word: str, oneof: int = 0) -> ProtoField:
        label = word if word in _LABELS else ""
        kind = self._next() if label else word
        if kind == "group":
            raise Unsupported("a group")
        if kind == "map" and self._peek() == "<":
            while self._next() != ">":
                pass
            label = "repeated"
        name = self._next()
        self._expect("=")
        number = self._number(1, LARGEST_NUMBER)
        self._options()
        return ProtoField(name, number, kind, label, oneof)

    def _enum(self, around: str) -> None:
        name, values = _joined(around, self._next()), dict[int, str]()
        self._expect("{")
        while (word := self._next()) != "}":
            if word == ";" or word in _PASSED_OVER:
                self._pass_over(word)
                continue
            self._expect("=")
            values.setdefault(self._number(-(1 << 31), (1 << 31) - 1), word)
            self._options()
        self._enums[name] = values

    def _options(self) -> None:
        """What may stand in brackets ahead of the end of a line."""
        if self._peek() == "[":
            self._pass_over("")
        else:
            self._expect(";")

    def _pass_over(self, word: str) -> None:
        """To the end of a statement that began with that word."""
        if word == ";":
            return
        if word and word not in _PASSED_OVER and word not in _BLOCKS:
            raise Unsupported("it is not Protobuf")
        depth = 0
        while True:
            sign = self._next()
            depth += sign in ("{", "[")
            depth -= sign in ("}", "]")
            if depth < 0:
                raise Unsupported("it is not Protobuf")
            if depth == 0 and (sign == ";" or (sign == "}" and word in _BLOCKS)):
                return

    def _number(self, least: int, most: int) -> int:
        is_negative = self._peek() == "-"
        text = self._next() if not is_negative else (self._next(), self._next())[1]
        if not _NUMBER.fullmatch(text):
            raise Unsupported("it is not Protobuf")
        is_octal = len(text) > 1 and text[0] == "0" and text[1] not in "xX"
        if is_octal and re.search("[89]", text):
            raise Unsupported("it is not Protobuf")
        found = int(text, 8 if is_octal else 0) * (-1 if is_negative else 1)
        if not least <= found <= most:
            raise Unsupported(f"the number {found}")
        return found

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise Unsupported("it is not Protobuf")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise Unsupported("it is not Protobuf")
        self._at += 1
        return self._tokens[self._at - 1]


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unsupported("it is not Protobuf")
        at = found.end()
        if found.lastgroup != "blank":
            yield found[0]


def _joined(around: str, name: str) -> str:
    return f"{around}.{name}" if around else name
