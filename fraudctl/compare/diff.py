"""Two sets of decisions about the same log, compared: what changed, and why.

Decisions belong together by the place of their transaction in the log (partition, offset). Both sides are
read twice: first only fingerprints are kept, 16 bytes of hash an event, so a million decisions fit into
memory and equal ones are never parsed; then the few that differ are taken apart.

Compared is what a decision says: late, saturated, score, decision and reasons, and its features when both
sides compute the same ones. Which version said it is not compared.
"""

from __future__ import annotations

import json
import re
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from pipeline.records.delivery import Parts, take_apart
from pipeline.rules.ruleset import Rule, RuleSet

MAX_EXAMPLES: Final = 50
STEP: Final = 1_000
"""Records that are read from one side before the other has its turn."""
_PLACE = re.compile(rb'","partition":([0-9]+),"offset":([0-9]+)\},"features":\{')
_LATE: Final = b',"late":'
_VERSION: Final = b',"ruleset_version":'
_APPROVED: Final = b'"decision":"approve"'
_HASH: Final = b'"ruleset_hash":"'
_OFFSET_BITS: Final = 40
_MASK: Final = (1 << 64) - 1
_OFFSET: Final = (1 << _OFFSET_BITS) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a decisions topic: its value and the run that wrote it."""

    value: bytes
    run: int


Records = Callable[[], Iterable[Record]]
"""Reads the same records again at every call, those of a partition in offset order."""

Scope = Callable[[int, int], bool]
"""Whether the decision on (partition, offset) is compared."""


class Place:
    """Finds the place of its transaction in a decision's bytes, for transactions of one topic.

    An unescaped quote cannot stand inside a JSON string, so what is found is structure.
    """

    def __init__(self, topic: str) -> None:
        self._prefix = b',"source":{"topic":' + json.dumps(topic, ensure_ascii=False).encode()[:-1]

    def of(self, value: bytes) -> tuple[int, int] | None:
        """(partition, offset); None when it is about another topic."""
        start = value.find(self._prefix)
        match = _PLACE.match(value, start + len(self._prefix)) if start >= 0 else None
        return (int(match[1]), int(match[2])) if match else None


@dataclass(slots=True)
class Side:
    """One side's fingerprints: per place run, hash of the verdict, hash of verdict and features.

    `flagged` are the places of what is not approved; `hashes` counts the rule sets.
    """

    prints: dict[int, int] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    hashes: Counter[str] = field(default_factory=Counter)

    @property
    def decisions(self) -> dict[str, int]:
        """How many events are approved and how many flagged."""
        return {"approved": len(self.prints) - len(self.flagged), "flagged": len(self.flagged)}


@dataclass(frozen=True, slots=True)
class Change:
    """One event on which the sides disagree; `before` or `after` is None when that side has no decision."""

    place: tuple[int, int]
    before: Parts | None
    after: Parts | None
    why: tuple[str, ...]
    rules: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """The change in JSON; the amount as decimal text."""
        known = self.after or self.before
        assert known is not None
        return {
            "event_id": known.transaction["event_id"],
            "user_id": known.transaction["user_id"],
            "event_time": known.transaction["event_time"],
            "amount": str(known.transaction["amount"]),
            "source": {"partition": self.place[0], "offset": self.place[1]},
            "before": _verdict(self.before),
            "after": _verdict(self.after),
            "features": _features(self.before, self.after),
            "why": list(self.why),
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
    flips: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, int] = field(default_factory=dict)
    causes: Counter[str] = field(default_factory=Counter)
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[Change] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def same(self) -> bool:
        """Whether both sides say the same of every event."""
        return not (self.changed or self.added or self.removed)

    @property
    def only_warmed(self) -> bool:
        """Whether all that differs were values that were still warming on one side."""
        return not (self.added or self.removed) and all("warming" in cause for cause in self.causes)

    def as_document(self) -> dict[str, Any]:
        """The diff in JSON; amounts as decimal text."""
        from pipeline.records.events import amount_text

        return {
            "compared": self.compared,
            "changed": self.changed,
            "added": self.added,
            "removed": self.removed,
            "compares": "verdicts and features" if self.compares_features else "verdicts",
            "flips": dict(self.flips.most_common()),
            "amounts": {flip: amount_text(units) for flip, units in self.amounts.items()},
            "causes": dict(self.causes.most_common()),
            "by_rule": {name: dict(counts) for name, counts in sorted(self.by_rule.items())},
            "examples": [change.as_document() for change in self.examples],
            "seconds": round(self.seconds, 3),
        }


def diff(
    before: Records, after: Records, topic: str, scope: Scope,
    find: Callable[[str], RuleSet | None], candidate: RuleSet, known: Side | None = None,
) -> Diff:  # fmt: skip
    """Compare two sides about transactions of `topic`; what is equal is read once, the rest twice.

    `known` is what was read of `after` already.
    """
    other = fingerprints(after(), topic, scope) if known is None else known
    one = fingerprints(before(), topic, scope)
    found, differing = compare(one, other, find, candidate)
    if differing:
        for place, was, now in _pairs(before(), after(), topic, differing, one, other):
            _take(found, _change(place, was, now, find, candidate))
    return found


def fingerprints(records: Iterable[Record], topic: str, scope: Scope) -> Side:
    """Read one side. Of several decisions on one event the one of the greatest run counts, then the last."""
    side = Side()
    prints, flagged, hashes = side.prints, side.flagged, side.hashes
    place_of = Place(topic).of
    for record in records:
        value = record.value
        found = place_of(value)
        if found is None or not scope(*found):
            continue
        place = found[0] << _OFFSET_BITS | found[1]
        late, version = value.rfind(_LATE), value.rfind(_VERSION)
        known = prints.get(place)
        if known is not None and known >> 128 > record.run:
            continue
        verdict = hash(value[late:version]) & _MASK
        whole = hash(value[:version]) & _MASK
        prints[place] = record.run << 128 | verdict << 64 | whole
        if value.find(_APPROVED, late, version) < 0:
            flagged.add(place)
        elif known is not None:
            flagged.discard(place)
        hashes[value[value.rfind(_HASH) + len(_HASH) : -2].decode()] += 1
    return side


def count(records: Iterable[Record], topic: str, scope: Scope) -> dict[str, int]:
    """How many decisions approve and how many flag, for a log of any length: nothing is kept of them."""
    counts = {"approved": 0, "flagged": 0}
    place_of = Place(topic).of
    for record in records:
        found = place_of(record.value)
        if found is not None and scope(*found):
            is_approved = record.value.find(_APPROVED, record.value.rfind(_LATE)) >= 0
            counts["approved" if is_approved else "flagged"] += 1
    return counts


def compare(
    before: Side, after: Side, find: Callable[[str], RuleSet | None], candidate: RuleSet
) -> tuple[Diff, set[int]]:
    """What differs by fingerprints alone, and the places that must be looked into.

    `find` gives the rule set of a hash; features are compared only where all of them are known to be the
    same as the candidate's.
    """
    wanted = candidate.content.get("features") or {}
    sets = [find(one) for one in before.hashes]
    same = all(one is not None and (one.content.get("features") or {}) == wanted for one in sets)
    diff = Diff(compares_features=same, same_ruleset=set(before.hashes) == {candidate.hash})
    shift, differing = (0 if same else 64), set()
    for place, known in before.prints.items():
        other = after.prints.get(place)
        if other is None:
            diff.removed += 1
            differing.add(place)
            continue
        diff.compared += 1
        if (known >> shift ^ other >> shift) & _MASK:
            diff.changed += 1
            differing.add(place)
    for place in after.prints.keys() - before.prints.keys():
        diff.added += 1
        differing.add(place)
    return diff, differing


def _pairs(
    before: Iterable[Record], after: Iterable[Record], topic: str, differing: set[int], one: Side, other: Side
) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """Both values of each differing place. Both sides are read in step, so few wait for their partner."""
    place_of, left, sides = Place(topic).of, set(differing), (one, other)
    waiting: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
    for number, record in _in_step(before, after):
        found = place_of(record.value)
        place = -1 if found is None else found[0] << _OFFSET_BITS | found[1]
        if place not in left or sides[number].prints.get(place, -1) >> 128 != record.run:
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


def _take(diff: Diff, change: Change) -> None:
    """Count a change; examples are the first by their place in the log, those decided otherwise first."""
    _count(diff, change)
    insort(diff.examples, change, key=lambda one: (_decision(one.before) == _decision(one.after), one.place))
    del diff.examples[MAX_EXAMPLES:]


def _change(
    place: int, before: bytes | None, after: bytes | None,
    find: Callable[[str], RuleSet | None], candidate: RuleSet,
) -> Change:  # fmt: skip
    one, other = _apart(before), _apart(after)
    where = place >> _OFFSET_BITS, place & _OFFSET
    if one is None or other is None:
        return Change(where, one, other, ("only on one side",), ())
    fired = _points(one), _points(other)
    rules = tuple(sorted(name for name in {*fired[0], *fired[1]} if fired[0].get(name) != fired[1].get(name)))
    base = find(str(one.verdict["ruleset_hash"]))
    why = list(dict.fromkeys(_why(name, base, candidate, one, other) for name in rules))
    why += _other_causes(one, other, bool(rules))
    return Change(where, one, other, tuple(why), rules)


def _apart(value: bytes | None) -> Parts | None:
    return None if value is None else take_apart(value)


def _why(name: str, base: RuleSet | None, candidate: RuleSet, one: Parts, other: Parts) -> str:
    """Why a rule fires on one side only, or with other points."""
    if base is None:
        return "rule set of the base is not kept"
    was, now = _rule(base, name), _rule(candidate, name)
    if was is None or now is None:
        return f"rule {name} {'added' if was is None else 'removed'}"
    if was.when != now.when:
        return f"condition of {name} changed"
    if (was.plugin and was.plugin.key) != (now.plugin and now.plugin.key):
        return f"plug-in of {name} changed"
    if was.points != now.points and name in _points(one) and name in _points(other):
        return f"points of {name} changed"
    if (base.content.get("lists") or {}) != (candidate.content.get("lists") or {}):
        return f"a list changed, or a feature value, for {name}"
    if one.verdict["late"] != other.verdict["late"]:
        return f"late arrival, seen by {name}"
    if _warms(one, other):
        return f"warming value, seen by {name}"
    return f"feature value, seen by {name}"


def _other_causes(one: Parts, other: Parts, has_rules: bool) -> list[str]:
    causes = []
    if one.verdict["late"] != other.verdict["late"]:
        causes.append("late arrival")
    if one.verdict["saturated"] != other.verdict["saturated"]:
        causes.append("saturated")
    if _warms(one, other):
        causes.append("warming")
    if (
        one.verdict["decision"] != other.verdict["decision"]
        and one.verdict["score"] == other.verdict["score"]
    ):
        causes.append("threshold")
    if not has_rules and not causes:
        causes.append("reason text" if one.features == other.features else "feature value")
    return causes


def _warms(one: Parts, other: Parts) -> bool:
    """Whether a value was still warming on one side only."""
    return bool(one.verdict.get("warming") != other.verdict.get("warming"))


def _rule(ruleset: RuleSet, name: str) -> Rule | None:
    return next((rule for rule in ruleset.rules if rule.name == name), None)


def _points(parts: Parts) -> dict[str, int]:
    return {hit["rule"]: hit["points"] for hit in parts.verdict["reasons"]}


def _count(diff: Diff, change: Change) -> None:
    from pipeline.records.events import parse_amount

    known = change.after or change.before
    assert known is not None
    flip = f"{_decision(change.before)} to {_decision(change.after)}"
    if change.before and change.after and _decision(change.before) == _decision(change.after):
        flip = f"{_decision(change.after)} as before"
    diff.flips[flip] += 1
    units = parse_amount(str(known.transaction["amount"]))
    diff.amounts[flip] = diff.amounts.get(flip, 0) + units
    diff.causes.update(change.why)
    before = _points(change.before) if change.before else {}
    for name in change.rules:
        counts = diff.by_rule.setdefault(name, {"fires": 0, "no_longer": 0, "points": 0})
        after = _points(change.after) if change.after else {}
        kind = "points" if name in before and name in after else "no_longer" if name in before else "fires"
        counts[kind] += 1


def _decision(parts: Parts | None) -> str:
    return "none" if parts is None else str(parts.verdict["decision"])


def _verdict(parts: Parts | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    names: Sequence[str] = ("decision", "score", "late", "saturated", "ruleset_version")
    return {name: parts.verdict[name] for name in names} | {"rules": sorted(_points(parts))}


def _features(before: Parts | None, after: Parts | None) -> dict[str, list[Any]]:
    """The features whose values differ: name to [before, after], None where a side lacks it."""
    one, other = (json.loads(parts.features) if parts else {} for parts in (before, after))
    names = sorted({*one, *other})
    return {name: [one.get(name), other.get(name)] for name in names if one.get(name) != other.get(name)}
