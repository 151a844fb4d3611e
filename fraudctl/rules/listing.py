"""The rule sets at hand: shipped ones, and those a home has used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import UsageError
from fraudctl.home import rulesets

if TYPE_CHECKING:
    from pipeline.rules.ruleset import RuleSet


@dataclass(frozen=True)
class Entry:
    """A rule set by its name; `ruleset` is None where the file is not sound, and `problem` says why."""

    name: str
    file: Path
    ruleset: RuleSet | None
    is_in_use: bool
    problem: str = ""

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        if self.ruleset is None:
            return {"name": self.name, "file": str(self.file), "in_use": False, "problem": self.problem}
        return {
            "name": self.name,
            "file": str(self.file),
            "version": self.ruleset.version,
            "hash": self.ruleset.hash,
            "features": len(self.ruleset.features),
            "rules": len(self.ruleset.rules),
            "in_use": self.is_in_use,
        }

    def row(self) -> tuple[object, ...]:
        """Name, version, hash, how many features and rules, whether it is in use, and the file."""
        if self.ruleset is None:
            return (self.name, None, "", None, None, "", self.problem)
        sizes = (len(self.ruleset.features), len(self.ruleset.rules))
        used = "yes" if self.is_in_use else ""
        return (self.name, self.ruleset.version, self.ruleset.hash[:12], *sizes, used, str(self.file))


def at_hand(home: Path, in_force: str | None) -> list[Entry]:
    """Every rule set once, the shipped ones first; `in_force` is the hash of the one that is."""
    shipped = list(_shipped(in_force))
    known = {one.ruleset.hash for one in shipped if one.ruleset}
    kept = {name: file for name, file in rulesets.stored(home).items() if name not in known}
    return shipped + [_entry(name[:12], file, in_force) for name, file in kept.items()]


def _shipped(in_force: str | None) -> Iterator[Entry]:
    for name, file in rulesets.shipped().items():
        try:
            yield _entry(name, file, in_force)
        except UsageError as error:
            yield Entry(name, file, None, False, error.message)


def _entry(name: str, file: Path, in_force: str | None) -> Entry:
    loaded = rulesets.read(file)
    return Entry(name, file, loaded, loaded.hash == in_force)
