"""Texts that a plug-in makes of values: none says where in memory something lies, which is another place in
each process.

Python says so in the text of whatever has none of its own. Wherever a text comes into being the place is
written `0x0` in it, whoever put it there: to fail instead would let the sender of a payment silence a rule by
a name that looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

_PLACE: Final = re.compile(r"( at | @ )0x[0-9a-fA-F]+")
_PLACE_IN_BYTES: Final = re.compile(rb"( at | @ )0x[0-9a-fA-F]+")
_HIDDEN: Final = r"\g<1>0x0"
_HIDDEN_IN_BYTES: Final = rb"\g<1>0x0"
_Value = TypeVar("_Value")

SHOWN: Final[dict[type, type]] = {}
"""Classes that a plug-in asks the type of objects for, and what it is given in their place."""


def without_places(value: Any) -> Any:
    """A text, bytes or an array of them without the places of objects; anything else as it is."""
    if isinstance(value, str):
        return _PLACE.sub(_HIDDEN, value) if "0x" in value else value
    if isinstance(value, bytes):
        return _PLACE_IN_BYTES.sub(_HIDDEN_IN_BYTES, value) if b"0x" in value else value
    return _hidden_in_array(value) if type(value).__module__ == "numpy" else value


def _hidden_in_array(value: Any) -> Any:
    """An array of texts, or one of objects among which there are some."""
    if getattr(getattr(value, "dtype", None), "kind", "") not in ("U", "S", "O") or not hasattr(
        value, "flat"
    ):
        return value
    found = list(value.flat)
    hidden = [without_places(one) for one in found]
    if all(one is other for one, other in zip(hidden, found, strict=True)):
        return value
    made = value.copy()
    made.flat = hidden
    return made


def has_place(value: object) -> bool:
    """Whether the text of an object says where it lies."""
    return not isinstance(value, str | bytes) and bool(_PLACE.search(repr(value)))


def without_places_in(values: Any) -> Any:
    """The same of texts in a tuple, such as what a module says of the value that it refused."""
    if type(values) is tuple:
        return tuple(map(without_places, values))
    return without_places(values)


def checking(made: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose answers are such."""
    return lambda *given, **named: without_places(made(*given, **named))


class TextKind(type):
    """Of a class that stands for `str`: whatever is one is the other."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, str) if cls is Text else super().__instancecheck__(value)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, str) if cls is Text else super().__subclasscheck__(kind)


class Text(str, metaclass=TextKind):
    """`str` as a plug-in has it, under whatever name: the texts that it makes are without places."""

    __slots__ = ()

    def __new__(cls, *given: Any, **named: Any) -> Any:
        made = without_places(str(*given, **named))
        return made if cls is Text else str.__new__(cls, made)


def _named(kind: Any, like: type) -> Any:
    kind.__name__ = kind.__qualname__ = like.__name__
    kind.__module__ = like.__module__
    return kind


SHOWN[str] = _named(Text, str)
BUILTINS: Final[dict[str, object]] = {
    "str": Text,
    "repr": checking(repr),
    "ascii": checking(ascii),
    "format": checking(format),
}
"""What makes texts, under Python's own names."""
