"""A JSON object that another process wrote, member by member: each of its kind, or `Malformed`.

Knows kinds; knows nothing of what members mean. Members that nobody asks for are passed over, so that a
document of a later version can still be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


class Malformed(ValueError):
    """A document that is not what it should be: `place` in it (such as `hops[0].key`), and why."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}" if place else why)
        self.place = place


class Members:
    """The members of one object; `place` is where it stands. Every method raises `Malformed`."""

    def __init__(self, content: object, place: str = "") -> None:
        if not isinstance(content, Mapping):
            raise Malformed(place, "must be an object")
        self._content: Mapping[str, object] = content
        self._place = place

    def __contains__(self, name: str) -> bool:
        return name in self._content

    def holds(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return self._content.get(name) is not None

    def malformed(self, name: str, why: str) -> Malformed:
        """The error to raise about a member."""
        return Malformed(self._at(name), why)

    def given(self, name: str) -> Any:
        """The member as it is."""
        if name not in self._content:
            raise self.malformed(name, "is missing")
        return self._content[name]

    def text(self, name: str) -> str:
        """A text."""
        return self._a(str, name, "a text")

    def whole(self, name: str, least: int | None = None) -> int:
        """A whole number, not below `least`."""
        what = "a whole number" + ("" if least is None else f" from {least} on")
        value = self._a(int, name, what)
        if isinstance(value, bool) or (least is not None and value < least):
            raise self.malformed(name, f"must be {what}")
        return value

    def truth(self, name: str) -> bool:
        """True or false."""
        return self._a(bool, name, "true or false")

    def optional_text(self, name: str) -> str | None:
        """A text; None when it is null or not there."""
        return self.text(name) if self.holds(name) else None

    def one_of(self, name: str, *words: str) -> str:
        """One of these texts."""
        value = self.text(name)
        if value not in words:
            raise self.malformed(name, f"must be {' or '.join(words)}")
        return value

    def mapping(self, name: str) -> Mapping[str, object]:
        """An object as it is."""
        return self.within(name)._content

    def within(self, name: str) -> Members:
        """The members of an object."""
        return Members(self.given(name), self._at(name))

    def each(self, name: str) -> Iterator[Members]:
        """The members of each object in a list."""
        for number, one in enumerate(self.items(name)):
            yield Members(one, f"{self._at(name)}[{number}]")

    def items(self, name: str) -> list[Any]:
        """A list of anything."""
        return self._a(list, name, "a list")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self.items(name)
        if not all(isinstance(one, str) for one in found):
            raise self.malformed(name, "must be a list of texts")
        return tuple(found)

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, none below 0."""
        found = self.items(name)
        if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in found):
            raise self.malformed(name, "must be a list of whole numbers from 0 on")
        return tuple(found)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        found = self.items(name)
        if not all(type(one) is int for one in found):
            raise self.malformed(name, "must be a list of whole numbers")
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """What members there are."""
        return tuple(self._content)

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def _a(self, kind: type[_T], name: str, what: str) -> _T:
        value = self.given(name)
        if not isinstance(value, kind):
            raise self.malformed(name, f"must be {what}")
        return value
