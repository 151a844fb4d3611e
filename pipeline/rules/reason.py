"""The sentence a rule gives for firing: a template with names, filled in from an event's values.

Knows how each kind of value is written for an analyst; knows nothing of when a rule fires.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipeline.records.quantities import amount_text
from pipeline.rules.expression.tree import Kind, Name, Names, RawValue, is_clean_text

MAX_LENGTH: Final = 500
MAX_VALUE_LENGTH: Final = 100
ABSENT: Final = "unknown"

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\([A-Z]{3}\))?)\}")


class TemplateError(Exception):
    """A template that cannot be filled in."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A template in parts: text as it stands, and names to fill in."""

    parts: tuple[str | Name, ...]

    @property
    def names(self) -> tuple[Name, ...]:
        """The names it mentions, with repeats."""
        return tuple(part for part in self.parts if isinstance(part, Name))


def read_reason(template: object, names: Names) -> Reason:
    """Read a template such as `{ip_users_2m} users from {ip}`. Raises `TemplateError`."""
    if not isinstance(template, str) or not is_clean_text(template):
        raise TemplateError("a reason is a text")
    if len(template) > MAX_LENGTH:
        raise TemplateError(f"longer than {MAX_LENGTH} characters")
    parts: list[str | Name] = []
    for index, part in enumerate(_PLACE.split(template)):
        if index % 2 == 0:
            if "{" in part or "}" in part:
                raise TemplateError("a brace without a name: {name} is the only form")
            parts.append(part)
            continue
        found = names.resolve(part)
        if found is None:
            raise TemplateError(f"{part} is neither a feature nor a field")
        parts.append(found)
    return Reason(tuple(part for part in parts if part != ""))


def written(kind: Kind, value: RawValue | None) -> str:
    """A raw value for people: money as decimal text, doubles to 2 digits, text cut to 100 characters."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value[:MAX_VALUE_LENGTH]
    if kind is Kind.MONEY:
        return amount_text(int(value))
    if kind is Kind.INT:
        return str(value)
    text = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
