"""Why two decisions on one event differ: causes as values, with the rule each concerns; text when shown.

Knows rule sets and decisions taken apart; knows nothing of logs or of how sides are read.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from pipeline.records.decision_bytes import Parts
from pipeline.rules.rule import Rule
from pipeline.rules.ruleset import RuleSet

FindRuleSet = Callable[[str], RuleSet | None]
"""The rule set of a hash; None when it is not kept."""


class Kind(Enum):
    """What can be the cause; its value is the text, `{rule}` the rule that fires otherwise for it."""

    ONE_SIDED = "only on one side"
    BASE_NOT_KEPT = "rule set of the base is not kept"
    RULE_ADDED = "rule {rule} added"
    RULE_REMOVED = "rule {rule} removed"
    CONDITION = "condition of {rule} changed"
    PLUGIN = "plug-in of {rule} changed"
    POINTS = "points of {rule} changed"
    LIST = "a list changed, or a feature value, for {rule}"
    LATE = "late arrival"
    LATE_FOR_RULE = "late arrival, seen by {rule}"
    WARMING = "warming"
    WARMING_FOR_RULE = "warming value, seen by {rule}"
    SATURATED = "saturated"
    THRESHOLD = "threshold"
    FEATURE = "feature value"
    FEATURE_FOR_RULE = "feature value, seen by {rule}"
    REASON_TEXT = "reason text"

    @property
    def is_warming(self) -> bool:
        """Whether it passes by itself, once both sides hold enough of the past."""
        return self in (Kind.WARMING, Kind.WARMING_FOR_RULE)


class Cause(NamedTuple):
    """One cause. `rule` is None where it concerns the whole decision."""

    kind: Kind
    rule: str | None = None

    def __str__(self) -> str:
        return self.kind.value.format(rule=self.rule)


def causes(
    before: Parts, after: Parts, rules: tuple[str, ...], base: RuleSet | None, candidate: RuleSet
) -> tuple[Cause, ...]:
    """Why they differ, each cause once; `rules` are those that fire on one side only or with other points.

    `base` is the rule set of `before`, `candidate` that of `after`.
    """
    of_rules = (_of_rule(name, base, candidate, before, after) for name in rules)
    return (*dict.fromkeys(of_rules), *_of_the_whole(before, after, bool(rules)))


def fired_otherwise(before: Parts, after: Parts) -> tuple[str, ...]:
    """The rules that fire on one side only, or with other points, by name."""
    points_before, points_after = points(before), points(after)
    names = points_before.keys() | points_after.keys()
    return tuple(sorted(name for name in names if points_before.get(name) != points_after.get(name)))


def points(parts: Parts | None) -> dict[str, int]:
    """The points of each rule that fired; none without a decision."""
    return {hit["rule"]: hit["points"] for hit in parts.verdict["reasons"]} if parts else {}


def _of_rule(name: str, base: RuleSet | None, candidate: RuleSet, before: Parts, after: Parts) -> Cause:
    if base is None:
        return Cause(Kind.BASE_NOT_KEPT)
    edit = _edit(name, _rule(base, name), _rule(candidate, name), before, after)
    if edit is None and (base.content.get("lists") or {}) != (candidate.content.get("lists") or {}):
        edit = Kind.LIST
    return Cause(edit or _of_values(before, after), name)


def _edit(
    name: str, rule_before: Rule | None, rule_after: Rule | None, before: Parts, after: Parts
) -> Kind | None:
    """What was edited in the rule itself."""
    if rule_before is None or rule_after is None:
        return Kind.RULE_ADDED if rule_before is None else Kind.RULE_REMOVED
    if rule_before.when != rule_after.when:
        return Kind.CONDITION
    if (rule_before.plugin and rule_before.plugin.key) != (rule_after.plugin and rule_after.plugin.key):
        return Kind.PLUGIN
    fires_twice = name in points(before) and name in points(after)
    return Kind.POINTS if rule_before.points != rule_after.points and fires_twice else None


def _of_values(before: Parts, after: Parts) -> Kind:
    """The same rule fires otherwise, so it has seen other values."""
    if _says_otherwise(before, after, "late"):
        return Kind.LATE_FOR_RULE
    return Kind.WARMING_FOR_RULE if _says_otherwise(before, after, "warming") else Kind.FEATURE_FOR_RULE


def _of_the_whole(before: Parts, after: Parts, has_rules: bool) -> list[Cause]:
    told = (("late", Kind.LATE), ("saturated", Kind.SATURATED), ("warming", Kind.WARMING))
    kinds = [kind for name, kind in told if _says_otherwise(before, after, name)]
    if _says_otherwise(before, after, "decision") and not _says_otherwise(before, after, "score"):
        kinds.append(Kind.THRESHOLD)
    if not has_rules and not kinds:
        kinds.append(Kind.REASON_TEXT if before.features == after.features else Kind.FEATURE)
    return [Cause(kind) for kind in kinds]


def _says_otherwise(before: Parts, after: Parts, name: str) -> bool:
    return bool(before.verdict.get(name) != after.verdict.get(name))


def _rule(ruleset: RuleSet, name: str) -> Rule | None:
    return next((rule for rule in ruleset.rules if rule.name == name), None)
