"""Two sets of decisions about the same log, compared: what changed, and why.

Decisions belong together by the place of their transaction in the log (partition, offset). Both sides are
read twice: first only fingerprints are kept, so a million decisions fit into memory and equal ones are never
parsed; then the few that differ are taken apart.

Compared is what a decision says: late, saturated, score, decision and reasons, and its features when both
sides compute the same ones. Which version said it is not compared.
"""

from __future__ import annotations

import json
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from fraudctl.compare.causes import Cause, FindRuleSet, Kind, causes, fired_otherwise, points
from fraudctl.compare.prints import (
    Place,
    Record,
    Records,
    Scope,
    Side,
    compared_bits,
    fingerprints,
    place_number,
    place_of_number,
)
from pipeline.records.decision_bytes import Parts, take_apart
from pipeline.records.masking import NONE, Masks
from pipeline.records.quantities import amount_text, parse_amount
from pipeline.rules.ruleset import RuleSet

MAX_EXAMPLES: Final = 50
STEP: Final = 1_000
"""Records that are read from one side before the other has its turn."""


class Flip(NamedTuple):
    """What became of a decision: approve, review, block, or None on the side that has none."""

    before: str | None
    after: str | None

    @property
    def is_one(self) -> bool:
        """Whether the decision is another one; else only what it is made of changed."""
        return self.before != self.after

    def __str__(self) -> str:
        if not self.is_one:
            return f"{self.after} as before"
        return f"{self.before or 'none'} to {self.after or 'none'}"


@dataclass(frozen=True, slots=True)
class Change:
    """One event on which the sides disagree; `before` or `after` is None when that side has no decision.

    `rules` are those that fire on one side only, or with other points.
    """

    place: tuple[int, int]
    before: Parts | None
    after: Parts | None
    why: tuple[Cause, ...]
    rules: tuple[str, ...]

    @property
    def transaction(self) -> Mapping[str, object]:
        """The transaction, which is the same on both sides."""
        parts = self.after or self.before
        return parts.transaction if parts else {}

    @property
    def flip(self) -> Flip:
        """What became of the decision."""
        return Flip(_decision(self.before), _decision(self.after))

    @property
    def features(self) -> Mapping[str, Sequence[object]]:
        """Those that differ, as they were and as they are now."""
        return _features(self.before, self.after)

    def as_document(self) -> dict[str, object]:
        """The change in JSON; the amount as decimal text."""
        transaction = self.transaction
        return {
            "event_id": transaction["event_id"],
            "user_id": transaction["user_id"],
            "event_time": transaction["event_time"],
            "amount": str(transaction["amount"]),
            "source": {"partition": self.place[0], "offset": self.place[1]},
            "before": _verdict(self.before),
            "after": _verdict(self.after),
            "features": self.features,
            "why": [str(cause) for cause in self.why],
            "rules": list(self.rules),
        }


@dataclass(slots=True)
class Diff:
    """The comparison. `by_rule` counts, per rule, the events on which it fires on one side only."""

    compared: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    compares_features: bool = True
    same_ruleset: bool = False
    flips: Counter[Flip] = field(default_factory=Counter)
    amounts: dict[Flip, int] = field(default_factory=dict)
    causes: Counter[Cause] = field(default_factory=Counter)
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[Change] = field(default_factory=list)
    masks: Masks = NONE
    """what of the examples is not shown in full"""
    seconds: float = 0.0

    @property
    def same(self) -> bool:
        """Whether both sides say the same of every event."""
        return not (self.changed or self.added or self.removed)

    @property
    def only_warmed(self) -> bool:
        """Whether all that differed were values that were still warming on one side."""
        return not (self.added or self.removed) and all(cause.kind.is_warming for cause in self.causes)

    def as_document(self) -> dict[str, object]:
        """The diff in JSON; amounts as decimal text."""
        return {
            "compared": self.compared,
            "changed": self.changed,
            "added": self.added,
            "removed": self.removed,
            "compares": "verdicts and features" if self.compares_features else "verdicts",
            "flips": {str(flip): events for flip, events in self.flips.most_common()},
            "amounts": {str(flip): amount_text(units) for flip, units in self.amounts.items()},
            "causes": {str(cause): events for cause, events in self.causes.most_common()},
            "by_rule": {name: dict(counts) for name, counts in sorted(self.by_rule.items())},
            "examples": self.shown(),
            "seconds": round(self.seconds, 3),
        }

    def shown(self) -> list[Any]:
        """The examples in JSON, as people may see them."""
        both = ({"fields": dict(one.transaction), "change": one.as_document()} for one in self.examples)
        return [self.masks.document(one)["change"] for one in both]

    def take(self, change: Change) -> None:
        """Count a change; examples are the first by their place, those decided otherwise before others."""
        self.flips[change.flip] += 1
        units = parse_amount(str(change.transaction["amount"]))
        self.amounts[change.flip] = self.amounts.get(change.flip, 0) + units
        self.causes.update(change.why)
        self._count_rules(change)
        insort(self.examples, change, key=lambda one: (not one.flip.is_one, one.place))
        del self.examples[MAX_EXAMPLES:]

    def _count_rules(self, change: Change) -> None:
        before, after = points(change.before), points(change.after)
        for name in change.rules:
            counts = self.by_rule.setdefault(name, {"fires": 0, "no_longer": 0, "points": 0})
            fires_twice = name in before and name in after
            counts["points" if fires_twice else "no_longer" if name in before else "fires"] += 1


def diff(
    before: Records,
    after: Records,
    topic: str,
    scope: Scope,
    find: FindRuleSet,
    candidate: RuleSet,
    side_after: Side | None = None,
) -> Diff:
    """Compare two sides about transactions of `topic`; what is equal is read once, the rest twice.

    `side_after` is what was read of `after` already.
    """
    sides = (
        fingerprints(before(), topic, scope),
        fingerprints(after(), topic, scope) if side_after is None else side_after,
    )
    comparison, differing = compare(*sides, find, candidate)
    if differing:
        for place, value_before, value_after in _pairs((before(), after()), sides, topic, differing):
            comparison.take(_change(place, value_before, value_after, find, candidate))
    return comparison


def compare(before: Side, after: Side, find: FindRuleSet, candidate: RuleSet) -> tuple[Diff, set[int]]:
    """What differs by fingerprints alone, and the places that must be looked into.

    `find` gives the rule set of a hash; features are compared only where all of them are known to be the
    same as the candidate's.
    """
    hashes = before.by_ruleset().keys()
    same_features = all(_has_features_of(candidate, find(one)) for one in hashes)
    diff = Diff(compares_features=same_features, same_ruleset=hashes == {candidate.hash})
    removed = before.prints.keys() - after.prints.keys()
    added = after.prints.keys() - before.prints.keys()
    bits = compared_bits(same_features)
    changed = {
        place
        for place, print_before in before.prints.items()
        if (print_after := after.prints.get(place)) is not None and (print_before ^ print_after) & bits
    }
    diff.removed, diff.added, diff.changed = len(removed), len(added), len(changed)
    diff.compared = len(before.prints) - len(removed)
    return diff, changed | removed | added


def _has_features_of(candidate: RuleSet, base: RuleSet | None) -> bool:
    wanted = candidate.content.get("features") or {}
    return base is not None and (base.content.get("features") or {}) == wanted


def _pairs(
    records: tuple[Iterable[Record], Iterable[Record]],
    sides: tuple[Side, Side],
    topic: str,
    differing: set[int],
) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """Both values of each differing place: those whose fingerprints were compared.

    Both sides are read in step, so few wait for their partner.
    """
    place_of, left = Place(topic).of, set(differing)
    waiting: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
    for number, record in _in_step(*records):
        where = place_of(record.value)
        place = -1 if where is None else place_number(where)
        if place not in left or not sides[number].stands(place, record):
            continue
        partner = waiting[1 - number].pop(place, None)
        if partner is None and place in sides[1 - number].prints:
            waiting[number][place] = record.value
            continue
        left.discard(place)
        yield (place, record.value, partner) if number == 0 else (place, partner, record.value)
    for place in sorted(left & (waiting[0].keys() | waiting[1].keys())):
        yield place, waiting[0].get(place), waiting[1].get(place)


def _in_step(before: Iterable[Record], after: Iterable[Record]) -> Iterator[tuple[int, Record]]:
    iterators = [iter(before), iter(after)]
    is_open = [True, True]
    while any(is_open):
        for number, iterator in enumerate(iterators):
            batch = list(islice(iterator, STEP))
            is_open[number] = len(batch) == STEP
            yield from ((number, record) for record in batch)


def _change(
    place: int, value_before: bytes | None, value_after: bytes | None, find: FindRuleSet, candidate: RuleSet
) -> Change:
    before, after, where = _apart(value_before), _apart(value_after), place_of_number(place)
    if before is None or after is None:
        return Change(where, before, after, (Cause(Kind.ONE_SIDED),), ())
    rules, base = fired_otherwise(before, after), find(str(before.verdict["ruleset_hash"]))
    return Change(where, before, after, causes(before, after, rules, base, candidate), rules)


def _apart(value: bytes | None) -> Parts | None:
    return None if value is None else take_apart(value)


def _decision(parts: Parts | None) -> str | None:
    return None if parts is None else str(parts.verdict["decision"])


def _verdict(parts: Parts | None) -> dict[str, object] | None:
    if parts is None:
        return None
    said: Mapping[str, object] = parts.verdict
    names = ("decision", "score", "late", "saturated", "ruleset_version")
    return {name: said[name] for name in names} | {"rules": sorted(points(parts))}


def _features(before: Parts | None, after: Parts | None) -> dict[str, list[Any]]:
    """The features whose values differ: name to [before, after], None where a side lacks it."""
    values_before, values_after = (json.loads(parts.features) if parts else {} for parts in (before, after))
    pairs = {
        name: [values_before.get(name), values_after.get(name)]
        for name in sorted({*values_before, *values_after})
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
