"""What a sound rule set should still be asked about, and how much state it keeps per key.

Knows rules, features and the log's retention; `ruleset.load` has refused errors before this is asked. Only
warnings are made here: everything they speak of runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from pipeline.records.clock import DAY_MS
from pipeline.rules.constants import never_equalled
from pipeline.rules.currencies import is_about_amounts
from pipeline.rules.derived import JOIN, TIMES
from pipeline.rules.expression.normal import normal
from pipeline.rules.expression.reachability import (
    MAX_ALTERNATIVES,
    Range,
    breadth,
    can_fail,
    can_hold,
    implies,
)
from pipeline.rules.expression.tree import (
    Condition,
    Negation,
    comparisons_in,
    is_comparable,
    kind_of,
    names_in,
)
from pipeline.rules.feature import KEYS, Feature
from pipeline.rules.plan import PlanSettings
from pipeline.rules.rule import Rule
from pipeline.rules.ruleset import Problem, RuleSet
from pipeline.settings.document import Path

MAX_EFFORT: Final = 1_000_000
"""Tests that are made to compare rules by meaning, about a second; beyond that only by their normal form."""
MAX_PAIRS: Final = 5_000
"""Pairs of rules that are compared by meaning; beyond that only by their normal form."""

ENTRY_BYTES: Final = 16
"""One event of a key in the kernel's stored form: a delta of its position, its amount, its conditions."""
TEXT_BYTES: Final = 14
"""A text column of an event, or a value that is remembered, with its length."""
RECORD_BYTES: Final = 2 * TEXT_BYTES
"""What first_seen remembers of one value (first, last), and previous of a key."""
IDENTITY_BYTES: Final = 32
"""An event id that dedup remembers, with its due and the hash of what the event said."""
KEY_BYTES: Final = 64
"""What a key costs in the store beside its blob."""

_NEVER_NEGATIVE: Final = ("count", "distinct", "first_seen", "stddev_before")
_COUNTED: Final[Range] = (0, None)


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the features by one key keep for each of its values.

    Events are kept for `held_ms`: as far as rules look back, and `allowed_lateness` longer. Of them are at
    most `max_entries`.
    """

    key: str
    retention_ms: int
    bytes_per_event: int
    bytes_at_most: int
    held_ms: int = 0


def lint(ruleset: RuleSet, retention_ms: int = -1) -> list[Problem]:
    """Every warning. `retention_ms` is how long the log keeps transactions, -1 for ever."""
    ranges = _ranges(ruleset)
    # looked for once: it takes a while for a condition with many alternatives
    never = frozenset(rule.name for rule in ruleset.rules if not can_hold(rule.condition, ranges))
    findings = [
        *_thresholds(ruleset, never),
        *_rules(ruleset, never),
        *_same_rules(ruleset, never),
        *_features(ruleset),
        *_beyond_retention(ruleset, retention_ms),
    ]
    return [Problem(".".join(path), ruleset.line(path), message, "warning") for path, message in findings]


def notes(ruleset: RuleSet) -> list[str]:
    """What holds for the rule set and is not to be seen in its text."""
    found = []
    if ruleset.over_amounts:
        found.append(
            f"amounts are {ruleset.currency}: on events in another currency these rules do not fire, and "
            f"one that should has to ask for currency: {', '.join(sorted(ruleset.over_amounts))}"
        )
    if ruleset.currency and any(is_about_amounts(feature) for feature in ruleset.features.values()):
        found.append(
            f"features of amounts count those in other currencies as if they were {ruleset.currency}: leave "
            f'them out with where: currency == "{ruleset.currency}"'
        )
    others = [hop.key for hop in ruleset.plan().hops if hop.key not in KEYS]
    if others:
        said = ", ".join(key.replace(JOIN, " + ") for key in dict.fromkeys(others))
        found.append(
            f"{len(others)} steps of the job more than by {', '.join(KEYS)}, each as dear as one of these "
            f"and with state of its own: {said}"
        )
    return found


def state_per_key(ruleset: RuleSet, settings: PlanSettings | None = None) -> list[KeyState]:
    """An estimate of the state of one key of each hop, for ids of a dozen characters."""
    settings = settings or PlanSettings()
    found = []
    for hop in ruleset.plan(settings).hops:
        retention_ms = hop.live.retention_ms
        event = ENTRY_BYTES + TEXT_BYTES * len(hop.columns.definitions) if retention_ms else 0
        seen = RECORD_BYTES * len(hop.memories["first_seen"].definitions)
        fixed = KEY_BYTES + RECORD_BYTES * len(hop.memories["previous"].definitions)
        identities = IDENTITY_BYTES if hop.name == "user_id" else 0
        each = event + seen + identities
        most, held_ms = fixed + settings.max_entries * each, settings.held_ms(hop.held_ms)
        found.append(KeyState(hop.name, retention_ms, each, most, held_ms))
    return found


def _ranges(ruleset: RuleSet) -> dict[str, Range]:
    """What values are known to lie within."""
    counts = {name: _COUNTED for name, one in ruleset.features.items() if one.agg in _NEVER_NEGATIVE}
    return counts | {name: TIMES[one.word] for name, one in ruleset.derived.items() if one.word in TIMES}


def _thresholds(ruleset: RuleSet, never: frozenset[str]) -> Iterator[tuple[Path, str]]:
    points = [rule.points for rule in ruleset.rules if rule.points > 0 and rule.name not in never]
    reachable = min(100, sum(points))
    for name, threshold in (("review", ruleset.thresholds.review), ("block", ruleset.thresholds.block)):
        if reachable < threshold:
            yield ("thresholds", name), f"never reached: all rules together give {reachable} points"


def _rules(ruleset: RuleSet, never: frozenset[str]) -> Iterator[tuple[Path, str]]:
    ranges = _ranges(ruleset)
    for rule in ruleset.rules:
        path = ("rules", rule.name, "when")
        if rule.points == 0:
            yield ("rules", rule.name, "points"), "no points: the rule is shown but never counts"
        yield from never_equalled(path, rule.condition)
        unlike = list(_never_comparable(path, rule.condition))
        yield from unlike
        if rule.name in never:
            if not unlike:
                yield path, "never true: its conditions exclude each other"
        elif rule.plugin is None and not can_fail(rule.condition, ranges):
            yield path, "true for every event"


def _same_rules(ruleset: RuleSet, never: frozenset[str]) -> Iterator[tuple[Path, str]]:
    first: dict[str, Rule] = {}
    for rule in ruleset.rules:
        asked = f" {rule.plugin.key}" if rule.plugin else ""
        same = first.setdefault(normal(rule.condition) + asked, rule)
        if same is not rule:
            yield ("rules", rule.name, "when"), f"the same condition as {same.name}"
    others = [rule for rule in first.values() if rule.name not in never]
    yield from _overlapping(others, _ranges(ruleset))


def _overlapping(rules: Sequence[Rule], ranges: Mapping[str, Range]) -> Iterator[tuple[Path, str]]:
    """Rules that always fire together though they are written differently; about the same names only."""
    alike: dict[frozenset[str], list[Rule]] = {}
    for rule in rules:
        if rule.plugin is None:
            alike.setdefault(frozenset(name.name for name in names_in(rule.condition)), []).append(rule)
    pairs = [pair for group in alike.values() for pair in combinations(group, 2)]
    effort = {rule.name: _effort(rule.condition) for rule in rules}
    spent = 0
    for one, other in pairs[:MAX_PAIRS]:
        spent += _together(effort[one.name], effort[other.name])
        if spent > MAX_EFFORT:
            return
        if implies(one.condition, other.condition, ranges) and implies(
            other.condition, one.condition, ranges
        ):
            yield ("rules", other.name, "when"), f"true for exactly the events of {one.name}"


def _effort(condition: Condition) -> tuple[int, int, int]:
    """Alternatives of a condition, those of its opposite, and how many names are mentioned."""
    return breadth(condition), breadth(Negation(condition)), sum(1 for _ in names_in(condition))


def _together(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    """About how many tests it takes to see whether either implies the other."""
    both = min(MAX_ALTERNATIVES, one[0] * other[1]) + min(MAX_ALTERNATIVES, other[0] * one[1])
    return (both + sum(one[:2]) + sum(other[:2])) * (one[2] + other[2])


def _features(ruleset: RuleSet) -> Iterator[tuple[Path, str]]:
    first: dict[str, str] = {}
    ranges = _ranges(ruleset)
    for name, feature in ruleset.features.items():
        declared = json.dumps(ruleset.content["features"][name], sort_keys=True)
        if first.setdefault(declared, name) != name:
            yield ("features", name), f"the same as {first[declared]}"
        for where in feature.wheres:
            yield from _where(("features", name), where.condition, ranges)
        if name not in ruleset.inputs:
            yield ("features", name), "no rule uses it"
        yield from _currency(ruleset, feature)


def _where(path: Path, condition: Condition, ranges: Mapping[str, Range]) -> Iterator[tuple[Path, str]]:
    yield from never_equalled(path, condition)
    never = list(_never_comparable(path, condition))
    yield from never
    if not never and not can_hold(condition, ranges):
        yield path, "its where is never true"


def _currency(ruleset: RuleSet, feature: Feature) -> Iterator[tuple[Path, str]]:
    if ruleset.currency is None and is_about_amounts(feature):
        message = "does not say which currency: add it to where, or settings: {currency: EUR}"
        yield ("features", feature.name), message


def _beyond_retention(ruleset: RuleSet, retention_ms: int) -> Iterator[tuple[Path, str]]:
    for name, feature in ruleset.features.items():
        needed = max(feature.retention_ms, feature.ttl_ms or 0)
        if 0 <= retention_ms < needed:
            kept = f"{retention_ms / DAY_MS:.3g} d"
            yield (
                ("features", name),
                f"looks back {needed / DAY_MS:.3g} d, the log keeps {kept}: a replay cannot fill it",
            )


def _never_comparable(path: Path, condition: Condition) -> Iterator[tuple[Path, str]]:
    for left, right in comparisons_in(condition):
        if not is_comparable(kind_of(left), kind_of(right)):
            yield path, f"compares {kind_of(left).value} with {kind_of(right).value}: always false"
