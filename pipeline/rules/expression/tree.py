"""What an expression is made of: kinds of values, the nodes of conditions, the names they may mention.

Knows no syntax and no evaluation; `expression` reads text into these nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, Final, TypeVar

from pipeline.records.fields import NUMBER_FIELDS, STRING_FIELDS
from pipeline.records.networks import network

_T = TypeVar("_T")


class Kind(Enum):
    """What a value is, as far as it is known before it is seen."""

    MONEY = "money"
    INT = "integer"
    FLOAT = "number"
    TEXT = "text"
    BOOL = "truth value"
    ANY = "any"

    @property
    def is_numeric(self) -> bool:
        return self in (Kind.MONEY, Kind.INT, Kind.FLOAT)


FIELD_KINDS: Final[Mapping[str, Kind]] = {
    "event_id": Kind.TEXT,
    "user_id": Kind.TEXT,
    "amount": Kind.MONEY,
    **dict.fromkeys(STRING_FIELDS, Kind.TEXT),
    **dict.fromkeys(NUMBER_FIELDS, Kind.FLOAT),
}
"""The fields every transaction may have, in the stable order used for inputs."""

BUILT_IN: Final[Mapping[str, Kind]] = {"late": Kind.BOOL, "reused_id": Kind.BOOL, "delay_ms": Kind.INT}
"""What the log says of every event; a feature or further field of that name goes before."""

LiteralValue = Decimal | str | bool
RawValue = int | float | str | bool
"""A value as rules are given it: money in units (int), other fractions as float, ages in ms (int)."""


@dataclass(frozen=True, slots=True)
class Name:
    """A transaction field or a feature."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: an exact number, text or a truth value."""

    value: LiteralValue

    @property
    def kind(self) -> Kind:
        if isinstance(self.value, bool):
            return Kind.BOOL
        return Kind.TEXT if isinstance(self.value, str) else Kind.FLOAT


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`operator` is one of + - * / neg abs min max."""

    operator: str
    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`function` is lower (a text in small letters) or len (how many code points it has)."""

    function: str
    operand: Name | Call

    @property
    def kind(self) -> Kind:
        return Kind.TEXT if self.function == "lower" else Kind.INT


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of lt le gt ge eq ne."""

    operator: str
    left: Value
    right: Value


class Items(tuple[Literal, ...]):
    """Constants among which a value is looked for.

    A list of a rule set is shared by all conditions that name it; what takes long to say is found once.
    """

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    @cached_property
    def _found(self) -> dict[object, Any]:
        return {}

    def once(self, what: object, find: Callable[[Items], _T]) -> _T:
        """What `find` says of them, which is asked once for each `what`."""
        if what not in self._found:
            self._found[what] = find(self)
        found: _T = self._found[what]
        return found

    @cached_property
    def values(self) -> frozenset[LiteralValue]:
        return frozenset(item.value for item in self)

    @cached_property
    def networks(self) -> tuple[str, ...]:
        """Those that are networks, as texts."""
        texts = (item.value for item in self if isinstance(item.value, str))
        return tuple(text for text in texts if network(text) is not None)


@dataclass(frozen=True, slots=True)
class Membership:
    """`value in items`, or `value not in items` when negated."""

    value: Name | Call
    items: Items
    is_negated: bool


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A text begins with another one."""

    value: Name | Call
    prefix: str


@dataclass(frozen=True, slots=True)
class Present:
    name: Name


@dataclass(frozen=True, slots=True)
class Truth:
    """A name standing alone: holds iff its value is true."""

    name: Name


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts hold (`is_any` false) or any of them."""

    parts: tuple[Condition, ...]
    is_any: bool


@dataclass(frozen=True, slots=True)
class Negation:
    part: Condition


Value = Name | Literal | Arithmetic | Call
Condition = Comparison | Membership | StartsWith | Present | Truth | Both | Negation

ALWAYS: Final = Both((), is_any=False)
"""The condition that every event meets."""


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may mention. `fields` beyond the known ones are extra transaction fields; `words`
    are values made of fields, by what people write, under the name that tells them from others."""

    fields: frozenset[str] = frozenset()
    features: Mapping[str, Kind] = field(default_factory=dict)
    lists: Mapping[str, tuple[Literal, ...]] = field(default_factory=dict)
    allows_arithmetic: bool = True
    built_in: Mapping[str, Kind] = field(default_factory=dict)
    words: Mapping[str, Name] = field(default_factory=dict)

    def resolve(self, word: str) -> Name | None:
        """What a word means, None when there is no such name."""
        if word in self.words and word not in self.features:
            return self.words[word]
        kind = self.kind(word)
        return None if kind is None else Name(word, kind)

    def kind(self, name: str) -> Kind | None:
        """The kind of a field or feature, None when there is no such name."""
        if name in FIELD_KINDS:
            return FIELD_KINDS[name]
        if name in self.features:
            return self.features[name]
        if name in self.words:
            return self.words[name].kind
        return Kind.ANY if name in self.fields else self.built_in.get(name)


def names_in(node: Condition | Value) -> Iterator[Name]:
    """Every field and feature a condition mentions, in order of appearance, with repeats."""
    match node:
        case Name():
            yield node
        case Comparison(left=left, right=right):
            yield from names_in(left)
            yield from names_in(right)
        case Present(name=name) | Truth(name=name):
            yield name
        case Membership(value=value) | StartsWith(value=value) | Call(operand=value):
            yield from names_in(value)
        case Arithmetic(operands=parts) | Both(parts=parts):
            for part in parts:
                yield from names_in(part)
        case Negation(part=part):
            yield from names_in(part)


def kind_of(value: Value) -> Kind:
    """The kind of a value; arithmetic on nothing but money is money, on other numbers a double."""
    if not isinstance(value, Arithmetic):
        return value.kind
    kinds = {kind_of(operand) for operand in value.operands}
    if kinds == {Kind.MONEY} and value.operator not in ("*", "/"):
        return Kind.MONEY
    return Kind.INT if kinds == {Kind.INT} and value.operator in ("neg", "abs") else Kind.FLOAT


def is_comparable(left: Kind, right: Kind) -> bool:
    """Whether values of the two kinds can ever compare other than false."""
    return Kind.ANY in (left, right) or left is right or (left.is_numeric and right.is_numeric)


def is_clean_text(text: str) -> bool:
    """Whether a text may stand in a rule set: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def comparisons_in(node: Condition) -> Iterator[tuple[Value, Value]]:
    """Every pair of values a condition compares; a list counts by its first literal."""
    match node:
        case Comparison(left=left, right=right):
            yield left, right
        case Membership(value=name, items=items):
            if items:
                yield name, items[0]
        case Both(parts=parts):
            for part in parts:
                yield from comparisons_in(part)
        case Negation(part=part):
            yield from comparisons_in(part)


def networks_among(value: Value, items: Items) -> tuple[str, ...]:
    """Those of the constants that are networks, where the value they are compared with is an address."""
    return items.networks if value == Name("ip", Kind.TEXT) else ()


def constant_of(item: object) -> Literal | None:
    """A value of a YAML document as a constant of the language; None if it is none."""
    if isinstance(item, bool):
        return Literal(item)
    if isinstance(item, int | float):
        return Literal(Decimal(repr(item)))
    return Literal(item) if isinstance(item, str) and is_clean_text(item) else None
