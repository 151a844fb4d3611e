"""A decision in Protobuf, by `schemas/decision.proto`: all its JSON says, which comes back byte for byte.

The kernel's `decision/ProtoDecision.java` writes it. Numbers and the order of members are as in
`pipeline.records.decision_avro`; what Protobuf does not write is zero, false, empty or an enum's first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline.records.avro import Content
from pipeline.records.decision_avro import VERDICTS, fraction
from pipeline.records.decisions import Decision, Hit, Source
from pipeline.records.events import Transaction
from pipeline.records.proto_kinds import Raw, raw_of, undecodable, unsigned
from pipeline.records.quantities import Number
from pipeline.records.wire import Scalar

FORM: Final = b"\0"
"""How content begins: with the place of its message in the schema, the first."""
_ZERO: Final[list[Raw]] = [0]
_EMPTY: Final[list[Raw]] = [b""]


def decision_of(content: bytes) -> Decision:
    """The decision in such content, which begins with `FORM`. Raises Refusal where it is none, ValueError
    where a text is not UTF-8."""
    said = _Message(content[len(FORM) :])
    source = said.message(6)
    return Decision(
        transaction=Transaction(said.text(1), said.text(2), said.whole(3), said.zigzag(4), _members(said, 5)),
        source=Source(source.text(1), source.whole(2), source.whole(3)),
        features=_members(said, 7),
        late=bool(said.whole(8)),
        saturated=bool(said.whole(9)),
        content_hash=said.text(10) or None,
        warming=tuple(said.texts(11)),
        score=said.whole(12),
        decision=_verdict(said.whole(13)),
        reasons=tuple(Hit(one.text(1), one.zigzag(2), one.text(3)) for one in said.messages(14)),
        plugin_errors={one.text(1): one.text(2) for one in said.messages(15)},
        ruleset_version=said.text(16),
        ruleset_hash=said.text(17),
    )


class _Message:
    """The fields of a message by their numbers. Every method raises Refusal."""

    def __init__(self, content: bytes) -> None:
        self._found: dict[int, list[Raw]] = {}
        reading = Content(content)
        while not reading.is_at_end:
            tag = unsigned(reading)
            self._found.setdefault(tag >> 3, []).append(raw_of(reading, tag & 7))

    def __contains__(self, number: int) -> bool:
        return number in self._found

    def content(self, number: int) -> bytes:
        found = self._found.get(number, _EMPTY)[-1]
        if not isinstance(found, bytes):
            raise undecodable(f"field {number} is a number")
        return found

    def text(self, number: int) -> str:
        return self.content(number).decode()

    def whole(self, number: int) -> int:
        """Of a field that is never negative."""
        found = self._found.get(number, _ZERO)[-1]
        if isinstance(found, bytes):
            raise undecodable(f"field {number} is no number")
        return found

    def zigzag(self, number: int) -> int:
        found = self.whole(number)
        return (found >> 1) ^ -(found & 1)

    def message(self, number: int) -> _Message:
        return _Message(self.content(number))

    def texts(self, number: int) -> Iterator[str]:
        return (one.decode() for one in self._all(number))

    def messages(self, number: int) -> Iterator[_Message]:
        return map(_Message, self._all(number))

    def _all(self, number: int) -> Iterator[bytes]:
        for one in self._found.get(number, ()):
            if not isinstance(one, bytes):
                raise undecodable(f"field {number} is a number")
            yield one


def _verdict(place: int) -> str:
    if place >= len(VERDICTS):
        raise undecodable(f"there is no verdict {place}")
    return VERDICTS[place]


def _members(said: _Message, number: int) -> dict[str, Scalar]:
    return {one.text(1): _scalar(one.message(2)) for one in said.messages(number)}


def _scalar(said: _Message) -> Scalar:
    if 1 in said:
        return said.text(1)
    if 2 in said:
        return bool(said.whole(2))
    if 3 in said:
        return Number(said.zigzag(3))
    if 4 not in said:
        return Number(said.text(5))
    if len(eight := said.content(4)) != 8:
        raise undecodable(f"a double of {len(eight)} bytes")
    return fraction(eight)
