"""What became of the cases inside a rule set, for people and for machines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.console.tables import Table
from fraudctl.home import rulesets
from fraudctl.jobs.submission import plan_settings
from pipeline.scoring.cases import run_cases, uncovered

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile
    from pipeline.rules.ruleset import Problem, RuleSet
    from pipeline.scoring.cases import Outcome


@dataclass(frozen=True)
class Ran:
    """Every case with its failures, and the rules that lack a kind of case."""

    file: Path
    ruleset: RuleSet
    outcomes: Sequence[Outcome]
    uncovered: Sequence[Problem]
    seconds: float

    @property
    def failed(self) -> list[Outcome]:
        """The cases that did not come out as written."""
        return [one for one in self.outcomes if one.failures]

    def is_passed(self, complete: bool) -> bool:
        """Whether there are cases and all of them hold; if `complete`, for every rule all kinds of them."""
        return bool(self.outcomes) and not self.failed and not (complete and self.uncovered)

    def summary(self) -> str:
        """In a line."""
        if not self.outcomes:
            return f"{self.file} has no cases"
        passed = len(self.outcomes) - len(self.failed)
        return f"{passed} of {len(self.outcomes)} cases pass in {self.seconds * 1000:.0f} ms"

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "file": str(self.file),
            "version": self.ruleset.version,
            "hash": self.ruleset.hash,
            "cases": len(self.outcomes),
            "failed": len(self.failed),
            "seconds": round(self.seconds, 4),
            "outcomes": [
                {
                    "name": o.name,
                    "kind": o.kind,
                    "line": o.line,
                    "events": o.events,
                    "failures": list(o.failures),
                }
                for o in self.outcomes
            ],
            "uncovered": [{"path": p.path, "line": p.line, "message": p.message} for p in self.uncovered],
        }

    def tables(self) -> tuple[Table, ...]:
        """What failed, and what has no case."""
        failures = [(o.name, o.kind, o.line, failure) for o in self.failed for failure in o.failures]
        holes = [(p.path, p.line, p.message) for p in self.uncovered]
        tables = (
            Table("Failed cases", ("case", "kind", "line", "what"), failures),
            Table("Rules without cases", ("rule", "line", "what"), holes),
        )
        return tuple(table for table in tables if table.rows)


def run(file: Path, profile: Profile) -> Ran:
    """Run the cases inside the rule set in a file."""
    began = time.perf_counter()
    loaded = rulesets.read(file)
    outcomes = run_cases(loaded, plan_settings(profile))
    missing = uncovered(loaded)
    return Ran(file, loaded, outcomes, missing, time.perf_counter() - began)
