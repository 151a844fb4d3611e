"""What a check of a rule set found, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.console.tables import Table
from fraudctl.home import rulesets
from fraudctl.jobs.submission import plan_settings
from pipeline.records.wording import counted
from pipeline.rules import lint
from pipeline.rules.ruleset import RuleSetError
from pipeline.settings import duration

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile
    from pipeline.rules.lint import KeyState
    from pipeline.rules.ruleset import Problem, RuleSet


@dataclass(frozen=True)
class Checked:
    """A rule set's problems, and an estimate of the state it needs; `ruleset` is None if it is not sound."""

    file: Path
    ruleset: RuleSet | None
    problems: Sequence[Problem]
    states: Sequence[KeyState] = ()

    @property
    def errors(self) -> int:
        """How many of the problems keep it from being applied."""
        return sum(problem.severity == "error" for problem in self.problems)

    def summary(self) -> str:
        """In a line."""
        if self.ruleset is None:
            return f"{counted(self.errors, 'error')} in {self.file}"
        version, rules = self.ruleset.version, counted(len(self.ruleset.rules), "rule")
        more = f"; {counted(len(self.problems), 'warning')}" if self.problems else ""
        return f"{self.file} is a sound rule set: version {version}, {rules}{more}"

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "file": str(self.file),
            "version": self.ruleset.version if self.ruleset else None,
            "hash": self.ruleset.hash if self.ruleset else None,
            "problems": [
                {"path": p.path, "line": p.line, "message": p.message, "severity": p.severity}
                for p in self.problems
            ],
            "state_per_key": [asdict(state) for state in self.states],
            "notes": self.notes,
        }

    @property
    def notes(self) -> list[str]:
        """What is worth knowing of a sound rule set and is no reason to change it."""
        return [] if self.ruleset is None else lint.notes(self.ruleset)

    def tables(self) -> tuple[Table, ...]:
        """The problems with their places, and the state."""
        shown = self.problems[:MAX_SHOWN]
        problems: list[tuple[object, ...]] = [(p.severity, p.line, p.path, p.message) for p in shown]
        if left := len(self.problems) - len(shown):
            problems.append(("", "", "", f"and {left:,} more; --json has them all"))
        states = [
            (s.key, _length(s.retention_ms), _length(s.held_ms), s.bytes_per_event, f"{s.bytes_at_most:,}")
            for s in self.states
        ]
        heads = ("key", "looks back", "kept for", "bytes an event", "bytes a key at most")
        tables = (
            Table("", ("severity", "line", "place", "what"), problems),
            Table("State per key (estimate)", heads, states),
            Table("", ("note",), [(note,) for note in self.notes]),
        )
        return tuple(table for table in tables if table.rows)


MAX_SHOWN: Final = 100
"""problems that a table shows: who has more has one mistake many times"""


def _length(length_ms: int) -> str:
    return duration.show(length_ms) if length_ms else "none"


def check(file: Path, profile: Profile) -> Checked:
    """Check the rule set in a file against the profile's retention."""
    try:
        loaded = rulesets.load(file)
    except RuleSetError as error:
        return Checked(file, None, list(error.problems))
    problems = lint.lint(loaded, profile.retention_ms)
    return Checked(file, loaded, problems, lint.state_per_key(loaded, plan_settings(profile)))
