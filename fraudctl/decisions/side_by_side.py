"""One decided event under several rule sets, from the values its decision holds.

A feature is known to a rule set when the decision's own rule set declared it just so; any other value would
have to be computed from the log (`fraudctl replay` does). A rule that mentions an unknown one is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fraudctl.decisions.explain import raw_values
from pipeline.records.decisions import Decision
from pipeline.rules.ruleset import RuleSet
from pipeline.scoring.scorer import MAX_SCORE, judge


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule set says. `fired` maps each rule to its points, to 0 when it does not fire, to None when
    it cannot be judged; with such a rule score and decision are what the others give."""

    version: str
    hash: str
    fired: dict[str, int | None]
    score: int
    decision: str

    @property
    def is_complete(self) -> bool:
        """Whether every rule could be judged."""
        return None not in self.fired.values()

    def as_document(self) -> dict[str, object]:
        """The verdict in JSON."""
        return {
            "version": self.version,
            "hash": self.hash,
            "score": self.score,
            "decision": self.decision,
            "complete": self.is_complete,
            "rules": self.fired,
        }


def verdict(decision: Decision, own: RuleSet | None, other: RuleSet) -> Verdict:
    """What `other` says of an event that `own` decided (None: that rule set is not at hand any more)."""
    declared = (own.content.get("features") or {}) if own else {}
    wanted = other.content.get("features") or {}
    unknown = {name for name, one in wanted.items() if declared.get(name) != one}
    values = {name: value for name, value in raw_values(decision, other).items() if name not in unknown}
    fired: dict[str, int | None] = {}
    for rule in other.rules:
        if unknown & rule.names:
            fired[rule.name] = None
        else:
            answer = judge(rule, other, values)
            fired[rule.name] = answer.points if answer else 0
    score = max(0, min(MAX_SCORE, sum(points or 0 for points in fired.values())))
    limits = other.thresholds
    name = "block" if score >= limits.block else "review" if score >= limits.review else "approve"
    return Verdict(other.version, other.hash, fired, score, name)


def rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """A row per rule of any of them: its name, then its points under each; unlike ones first."""
    names = sorted({name for one in verdicts for name in one.fired})
    table = [(name, *(_cell(one, name) for one in verdicts)) for name in names]
    return sorted(table, key=lambda row: (len(set(row[1:])) == 1, row[0]))


def _cell(one: Verdict, name: str) -> str:
    if name not in one.fired:
        return "no such rule"
    points = one.fired[name]
    return "not known" if points is None else f"{points:+d}" if points else ""
