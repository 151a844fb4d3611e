"""Sets that a plug-in goes through in the same order in every process.

Python orders a set by the hashes of what is in it, and those of texts differ between processes. The sets of a
plug-in, however it makes them, are gone through by kind and value instead. What is in them, how they compare
and what they cost to ask is as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pipeline.rules.plugins import texts

_MAKING: Final = (
    *("copy", "union", "intersection", "difference", "symmetric_difference"),
    *("__or__", "__and__", "__sub__", "__xor__", "__ror__", "__rand__", "__rsub__", "__rxor__"),
)
"""Methods whose answer is a set that did not exist."""


def _iter(self: Any) -> Iterator[Any]:
    return iter(in_order(_plain(self).__iter__(self)))


def in_order(values: Iterable[Any]) -> list[Any]:
    """By value where all are of a kind that has an order, else by kind and text. TypeError without these."""
    found = list(values)
    try:
        if len({type(one) for one in found}) <= 1:
            return sorted(found)
    except TypeError:
        pass  # of one kind, and that has no order
    return sorted(found, key=_by_text)


def _by_text(value: Any) -> tuple[str, str]:
    if texts.has_place(value):
        raise TypeError("a set of objects that have neither an order nor a text of their own has no order")
    return type(value).__name__, repr(value)


def _plain(value: Any) -> Any:
    return set if isinstance(value, set) else frozenset


def _pop(self: Any) -> Any:
    for first in _iter(self):
        self.remove(first)
        return first
    raise KeyError("pop from an empty set")


def _making(plain: Any, name: str) -> Callable[..., Any]:
    act = getattr(plain, name)

    def make(self: Any, *others: Any) -> Any:
        return ordered(act(self, *others))

    return make


def _methods(plain: type) -> dict[str, object]:
    return {"__slots__": (), "__iter__": _iter} | {
        name: _making(plain, name) for name in _MAKING if hasattr(plain, name)
    }


Set: Final = type("set", (set,), {**_methods(set), "pop": _pop})
Frozen: Final = type("frozenset", (frozenset,), _methods(frozenset))


def ordered(value: Any) -> Any:
    """A set of Python's own as such a one; anything else as it is."""
    if type(value) is set:
        return Set(value)
    return Frozen(value) if type(value) is frozenset else value
