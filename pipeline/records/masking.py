"""Which fields of payments nobody is shown in full, and what is shown instead.

The one place that masks: whoever shows a decision to a person, writes it to a file for one or sends it
somewhere passes it through here. The topics and stores hold what came. Knows JSON-able documents alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

NEVER: Final = frozenset({"event_id", "event_time", "amount"})
"""Without these nobody could ask for a decision, or know which it is."""
_HIDDEN: Final = "***"
_ENDING: Final = 2
_LONG: Final = 8


@dataclass(frozen=True, slots=True)
class Masks:
    """The fields that are masked, none by default."""

    fields: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.fields)

    def hides(self, name: str) -> bool:
        """Whether a field of that name is masked: one of the profile's, or the network of an address."""
        return name in self.fields or name.removesuffix("_net") in self.fields

    def value(self, name: str, value: Any) -> Any:
        """What is shown of a field."""
        return hidden(value) if self.hides(name) else value

    def document(self, document: Mapping[str, Any], others: Iterable[str] = ()) -> dict[str, Any]:
        """The same with masked fields, at any depth, and with their values masked wherever a text says them:
        reasons do. `others` are further names whose values are of masked fields, such as features.
        """
        if not self.fields:
            return dict(document)
        names = frozenset(others)
        said = sorted({one for one in self._said(document, names) if one}, key=len, reverse=True)
        pattern = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in said)) if said else None
        found: dict[str, Any] = self._masked(document, names, pattern)
        return found

    def _said(self, part: Any, others: frozenset[str]) -> Iterator[str]:
        """The texts of masked fields."""
        if isinstance(part, Mapping):
            for name, value in part.items():
                inner = value["value"] if name in others and _is_told(value) else value
                if (self.hides(name) or name in others) and _is_scalar(inner):
                    yield str(inner)
                yield from self._said(value, others)
        elif isinstance(part, list | tuple):
            for one in part:
                yield from self._said(one, others)

    def _masked(self, part: Any, others: frozenset[str], said: re.Pattern[str] | None) -> Any:
        if isinstance(part, Mapping):
            return {name: self._member(name, value, others, said) for name, value in part.items()}
        if isinstance(part, list | tuple):
            return [self._masked(one, others, said) for one in part]
        if isinstance(part, str) and said is not None:
            return said.sub(lambda found: str(hidden(found[0])), part)
        return part

    def _member(self, name: str, value: Any, others: frozenset[str], said: re.Pattern[str] | None) -> Any:
        if name in NEVER:
            return value
        if name in others and _is_told(value):
            return {**self._masked(value, others, said), "value": hidden(value["value"])}
        if (self.hides(name) or name in others) and _is_scalar(value):
            return hidden(value)
        return self._masked(value, others, said)


NONE: Final = Masks()


def hidden(value: Any) -> Any:
    """What is shown of a value: that it is there, and of a long text its last two characters."""
    if value is None:
        return None
    text = str(value)
    return _HIDDEN + (text[-_ENDING:] if isinstance(value, str) and len(text) >= _LONG else "")


def _is_told(value: Any) -> bool:
    """A value with what is said of it."""
    return isinstance(value, Mapping) and "value" in value


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, Mapping | list | tuple)
