"""What changed between two rule sets: features, rules, lists, thresholds and the rest, entry by entry.

Pure; compares contents, so order and comments of the files mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipeline.rules.ruleset import RuleSet
from pipeline.settings.document import Content

_NAMED = ("features", "rules", "lists")
_FILES = ("plugins", "models")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that differs. `before` is None when it was added, `after` when it was removed."""

    section: str
    name: str
    before: Any
    after: Any

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    def as_document(self) -> dict[str, object]:
        """The change in JSON."""
        return {
            "section": self.section,
            "name": self.name,
            "change": self.kind,
            "before": self.before,
            "after": self.after,
        }

    def sentence(self) -> str:
        """The change for people: only the keys that differ, or the items that came and went."""
        if self.section == "lists" and isinstance(self.before, list) and isinstance(self.after, list):
            gone = [item for item in self.before if item not in self.after]
            come = [item for item in self.after if item not in self.before]
            parts = [f"+ {_text(come)}"] if come else []
            parts += [f"- {_text(gone)}"] if gone else []
            return "; ".join(parts) or "another order"
        if isinstance(self.before, Mapping) and isinstance(self.after, Mapping):
            return "; ".join(_keys(self.before, self.after))
        if self.before is None or self.after is None:
            return _text(self.after if self.before is None else self.before)
        return f"{_text(self.before)} → {_text(self.after)}"


def changes(before: RuleSet, after: RuleSet) -> list[Change]:
    """Every difference, section by section, by name within one."""
    return list(_changes(before.content, after.content))


def _changes(before: Content, after: Content) -> Iterator[Change]:
    for section in ("version", *_NAMED, "thresholds", "fields", "settings"):
        one, other = before.get(section), after.get(section)
        if section == "version" or section == "fields":
            if one != other:
                yield Change(section, "", one, other)
            continue
        one, other = one or {}, other or {}
        for name in sorted({*one, *other}):
            if one.get(name) != other.get(name):
                yield Change(section, name, one.get(name), other.get(name))
    for section in _FILES:
        files, others = before.get(section) or {}, after.get(section) or {}
        for name in sorted({*files, *others}):
            if files.get(name) != others.get(name):
                yield Change(section, name, _print(files.get(name)), _print(others.get(name)))


def _print(content: str | None) -> str | None:
    """A file told by its hash: two sources side by side are for another tool."""
    return None if content is None else f"sha256 {sha256(content.encode()).hexdigest()[:12]}"


def _keys(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if one != other:
            yield f"{key}: {_text(one)} → {_text(other)}"


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    return json.dumps(value, ensure_ascii=False)
