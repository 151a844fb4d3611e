"""Makes the plan of a rule set, and the plan that follows another while rule sets change.

A definition keeps its number from plan to plan as long as it is in use; what is new takes the first free one.

A plan serves up to three rule sets at once: the live one, a shadow beside it, and the one before, whose
conditions, columns and memories are kept up so that a rollback finds them as if it had never been away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from pipeline.rules.derived import Derived
from pipeline.rules.expression.postfix import Program, program
from pipeline.rules.feature import CLOCKS, Feature, Where, in_order
from pipeline.rules.plan import MAX_WHERES, Hop, Memory, Numbered, Part, Plan, PlanSettings, TooManyConditions
from pipeline.rules.planned_feature import (
    MEMORIES,
    MemoryAggregate,
    MemoryFeature,
    OfKind,
    PlannedFeature,
    SequenceFeature,
    SessionFeature,
    WindowAggregate,
    WindowFeature,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Needs:
    """What one rule set asks for: its features by name, and the values its rules look at.

    `built_in` are those of the inputs that the log says of every event, `derived` the values made of fields
    that rules and features look at, by name.
    """

    features: Sequence[Feature] = ()
    inputs: Sequence[str] = ()
    built_in: Sequence[str] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def by(self, key: str, clock: str) -> list[Feature]:
        """The features by that key and clock, by name."""
        found = (one for one in self.features if (one.by, one.clock) == (key, clock))
        return sorted(found, key=lambda feature: feature.name)


def build_plan(needs: Needs, settings: PlanSettings) -> Plan:
    """The plan of a rule set that is the first and only one, with the settings."""
    return replace(next_plan(None, 0, needs), settings=settings)


def next_plan(
    before: Plan | None, epoch: int, live: Needs, shadow: Needs | None = None, kept: Needs | None = None
) -> Plan:
    """The plan with the number `epoch` that follows `before`: user_id first, then the other keys in use.

    A key that features are by on the clock of arrivals has a second hop for them, behind that of event times.

    Raises TooManyConditions.
    """
    needs = (live, shadow or Needs(), kept or Needs())
    used = {(feature.by, feature.clock) for one in needs for feature in one.features}
    keys = in_order(["user_id", *(by for by, _ in used)])
    places = [(key, clock) for key in keys for clock in CLOCKS if clock == "event" or (key, clock) in used]
    hops = [
        _HopPlanning(*place, before.hop(*place) if before else None, epoch, needs).hop(shadow is not None)
        for place in places
    ]
    return Plan(
        epoch,
        tuple(hops),
        tuple(live.inputs),
        None if shadow is None else tuple(shadow.inputs),
        built_in=tuple(live.built_in),
        shadow_built_in=() if shadow is None else tuple(shadow.built_in),
        derived=tuple(
            one for _, one in sorted({**needs[0].derived, **needs[1].derived, **needs[2].derived}.items())
        ),
    )


def wheres_of(features: Iterable[Feature], key: str, clock: str) -> list[Program]:
    """The distinct programs of the conditions by a key and a clock, in order of first use."""
    programs: dict[str, Program] = {}
    for feature in features:
        if (feature.by, feature.clock) == (key, clock):
            for where in feature.wheres:
                written = program(where.condition)
                programs.setdefault(json.dumps(written), written)
    return list(programs.values())


def renumbered(before: Numbered[_T], wanted: Sequence[_T], epoch: int) -> Numbered[_T]:
    """What was there keeps its number; what is new takes the first free one."""
    definitions = [one if one in wanted else None for one in before.definitions]
    since = list(before.since)
    for one in wanted:
        if one in definitions:
            continue
        if None not in definitions:
            definitions.append(None)
            since.append(epoch)
        free = definitions.index(None)
        definitions[free], since[free] = one, epoch
    while definitions and definitions[-1] is None:
        definitions.pop()
    return Numbered(tuple(definitions), tuple(since[: len(definitions)]))


class _HopPlanning:
    """Numbers what the rule sets need by one key, and says their features by those numbers."""

    def __init__(
        self, key: str, clock: str, before: Hop | None, epoch: int, needs: tuple[Needs, Needs, Needs]
    ) -> None:
        self._key, self._clock = key, clock
        self._sets = live, shadow, kept = tuple(one.by(key, clock) for one in needs)
        every = [*live, *shadow, *kept]
        wheres = wheres_of(every, key, clock)
        columns = sorted({one.of for one in every if one.of and reads_column(one)})
        self._conditions = renumbered(before.conditions if before else Numbered(), wheres, epoch)
        if len(self._conditions.definitions) > MAX_WHERES:
            raise TooManyConditions(key)
        self._columns = renumbered(before.columns if before else Numbered(), columns, epoch)
        self._memories = {
            agg: renumbered(before.memories[agg] if before else Numbered(), self._remembered(agg), epoch)
            for agg in MEMORIES
        }

    def hop(self, has_shadow: bool) -> Hop:
        """The hop, with the features of every rule set."""
        live, shadow, kept = (Part(_retention_ms(one), tuple(self._planned(one))) for one in self._sets)
        return Hop(
            key=self._key,
            held_ms=max(part.retention_ms for part in (live, shadow, kept)),
            columns=self._columns,
            conditions=self._conditions,
            memories=self._memories,
            live=live,
            shadow=_beside(live, shadow) if has_shadow else None,
            kept=tuple(_only_kept(live, shadow, kept)),
            clock=self._clock,
        )

    def _remembered(self, agg: MemoryAggregate) -> list[Memory]:
        """The memories of every rule set, of the features with this aggregate."""
        return [
            memory
            for features in self._sets
            for feature, memory in _with_memories(features)
            if memory is not None and feature.agg == agg
        ]

    def _planned(self, features: Sequence[Feature]) -> Iterator[PlannedFeature]:
        for feature, memory in _with_memories(features):
            yield self._windowed(feature) if memory is None else self._remembering(feature, memory)

    def _remembering(self, feature: Feature, memory: Memory) -> MemoryFeature:
        agg = cast(MemoryAggregate, feature.agg)
        number = self._memories[agg].definitions.index(memory)
        where = self._where(feature.where)
        kind = _kind(feature)
        return MemoryFeature(feature.name, agg, memory.of, memory.ttl_ms, number, where, of_kind=kind)

    def _windowed(self, feature: Feature) -> PlannedFeature:
        if feature.within_ms is not None:
            steps = tuple(self._number(step) for step in feature.steps)
            return SequenceFeature(feature.name, steps, feature.within_ms)
        agg, where = cast(WindowAggregate, feature.agg), self._where(feature.where)
        if feature.session_gap_ms is not None:
            gap_ms = feature.session_gap_ms
            return SessionFeature(feature.name, agg, feature.of, gap_ms, where, of_kind=_kind(feature))
        return WindowFeature(
            feature.name, agg, feature.of, feature.window_ms or 0, where, of_kind=_kind(feature)
        )

    def _where(self, where: Where | None) -> int | None:
        return None if where is None else self._number(where)

    def _number(self, where: Where) -> int:
        return self._conditions.definitions.index(program(where.condition))


def reads_column(feature: Feature) -> bool:
    """Whether entries must keep what the feature is of: texts that are counted, numbers beside the amount."""
    return feature.agg == "distinct" or (feature.agg not in MEMORIES and feature.of_kind is not None)


def _kind(feature: Feature) -> OfKind | None:
    return None if feature.of_kind is None else cast(OfKind, feature.of_kind.value)


def _beside(live: Part, shadow: Part) -> Part:
    """The shadow's features; one that the live set computes as well is only named."""
    computed = {_unnamed(feature): feature.name for feature in live.features}
    is_alike = live.retention_ms == shadow.retention_ms
    return replace(
        shadow,
        features=tuple(
            replace(feature, same_as=computed.get(_unnamed(feature)))
            if is_alike or isinstance(feature, MemoryFeature)
            else feature
            for feature in shadow.features
        ),
    )


def _only_kept(live: Part, shadow: Part, kept: Part) -> Iterator[MemoryFeature]:
    """The former set's features that must be computed to keep their memories up, and that no other has."""
    used = {_unnamed(feature) for part in (live, shadow) for feature in part.features}
    for feature in kept.features:
        if isinstance(feature, MemoryFeature) and _unnamed(feature) not in used:
            yield feature


def _unnamed(feature: PlannedFeature) -> PlannedFeature:
    """What it computes, apart from its name: the same in two features iff their values are."""
    return replace(feature, name="")


def _retention_ms(features: Iterable[Feature]) -> int:
    return max((feature.retention_ms for feature in features), default=0)


def _with_memories(features: Sequence[Feature]) -> Iterator[tuple[Feature, Memory | None]]:
    """Each feature with the definition of its memory, if it has one.

    Two features that say the same have a memory each: `number` counts them.
    """
    seen: Counter[str] = Counter()
    for feature in features:
        if feature.agg not in MEMORIES:
            yield feature, None
            continue
        where = program(feature.where.condition) if feature.where else None
        of, ttl_ms = feature.of or "", feature.ttl_ms or 0
        said = json.dumps([feature.agg, of, ttl_ms, where])
        yield feature, Memory(of, ttl_ms, where, seen[said])
        seen[said] += 1
