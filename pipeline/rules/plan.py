"""What the kernel computes for a rule set: hops, features, conditions, inputs; and its form as JSON.

Knows the plan and its document, which `Plan.java` reads and which activations on the rules topic carry;
`planning` says how one is made, `scoring/reference.py` what is computed by it.

State outlives a rule set. What it holds per entry (the conditions it met, the columns for `distinct`) and per
key (the memories of first_seen and previous) lies under numbers, and a definition keeps its number from plan
to plan as long as it is in use. `since` says from which plan on a number has meant what it means now, so that
whoever reads older state knows what in it still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic, TypeVar

from pipeline.records.members import Members
from pipeline.rules.derived import Derived
from pipeline.rules.derived_document import read_derived
from pipeline.rules.expression.postfix import Program, is_program
from pipeline.rules.feature import CLOCKS
from pipeline.rules.plan_settings import PlanSettings as PlanSettings
from pipeline.rules.planned_feature import (
    MEMORIES,
    MemoryAggregate,
    MemoryFeature,
    PlannedFeature,
    read_planned_feature,
)

MAX_WHERES: Final = 62
"""Conditions one hop can hold: an entry remembers which it met in the bits of one long."""

_T = TypeVar("_T")


class TooManyConditions(Exception):
    """A hop would have to hold more conditions than fit; `key` names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"more than {MAX_WHERES} different conditions by {key}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Numbered(Generic[_T]):
    """Definitions by number, None where one is free; `since` has the first plan in which each meant this."""

    definitions: tuple[_T | None, ...] = ()
    since: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """What one first_seen or previous remembers. `number` tells apart those that say the same."""

    of: str
    ttl_ms: int
    where: Program | None
    number: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule set looks at by a key: back to `retention_ms`, its features by name."""

    retention_ms: int = 0
    features: tuple[PlannedFeature, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """One pass over the events by a key, which keeps entries for `held_ms`, in the order of its clock.

    `shadow` is there when the plan has a shadow. `kept` are features of the rule set before the live one,
    computed for their memories alone.
    """

    key: str
    held_ms: int
    columns: Numbered[str]
    conditions: Numbered[Program]
    memories: Mapping[MemoryAggregate, Numbered[Memory]]
    live: Part
    shadow: Part | None = None
    kept: tuple[MemoryFeature, ...] = ()
    clock: str = "event"

    @property
    def name(self) -> str:
        """What tells it from the plan's other hops."""
        return self.key if self.clock == "event" else f"{self.key} by {self.clock}"

    @property
    def newest(self) -> int:
        """The latest plan that gave a number anew."""
        return max((since for _, numbered in self._numbered for since in numbered.since), default=0)

    @property
    def _numbered(self) -> list[tuple[str, Numbered[Any]]]:
        """Everything that has numbers, by its name in the document."""
        memories = [(agg, self.memories[agg]) for agg in MEMORIES]
        return [("wheres", self.conditions), ("columns", self.columns), *memories]

    @property
    def shadow_features(self) -> tuple[PlannedFeature, ...]:
        """The shadow's, none without a shadow."""
        return self.shadow.features if self.shadow else ()

    def as_document(self) -> dict[str, object]:
        """As JSON."""
        document: dict[str, object] = {
            "key": self.key,
            **({} if self.clock == "event" else {"clock": self.clock}),
            "retention_ms": self.live.retention_ms,
            "held_ms": self.held_ms,
            "columns": list(self.columns.definitions),
            "wheres": list(self.conditions.definitions),
            "records": {
                agg: [memory and asdict(memory) for memory in self.memories[agg].definitions]
                for agg in MEMORIES
            },
            "since": {name: list(numbered.since) for name, numbered in self._numbered},
            "features": [feature.as_document() for feature in self.live.features],
        }
        if self.shadow is not None:
            document["shadow_retention_ms"] = self.shadow.retention_ms
            document["shadow"] = [feature.as_document() for feature in self.shadow.features]
        if self.kept:
            document["kept"] = [feature.as_document() for feature in self.kept]
        return document


@dataclass(frozen=True, slots=True)
class Plan:
    """What is computed from a moment on. `inputs` are the values that rules look at, in their order.

    `epoch` is its number among those that follow each other. `shadow_inputs` is None without a shadow. The
    settings are those of a job: a plan on the rules topic has none. `derived` defines the values made of
    fields that anything in the plan names. `built_in` names the inputs that the log
    says of every event; a document without such has no word of them.
    """

    epoch: int
    hops: tuple[Hop, ...]
    inputs: tuple[str, ...]
    shadow_inputs: tuple[str, ...] | None = None
    settings: PlanSettings | None = None
    built_in: tuple[str, ...] = ()
    shadow_built_in: tuple[str, ...] = ()
    derived: tuple[Derived, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its hops, in order."""
        return tuple(dict.fromkeys(hop.key for hop in self.hops))

    def hop(self, key: str, clock: str = "event") -> Hop | None:
        """The hop by that key and clock, if it has one."""
        return next((hop for hop in self.hops if (hop.key, hop.clock) == (key, clock)), None)

    def as_document(self) -> dict[str, object]:
        """As the kernel reads it; JSON without change."""
        document: dict[str, object] = {} if self.settings is None else asdict(self.settings)
        document |= {"epoch": self.epoch, "hops": [hop.as_document() for hop in self.hops]}
        document |= {"inputs": list(self.inputs)}
        if self.shadow_inputs is not None:
            document |= {"shadow_inputs": list(self.shadow_inputs)}
        if self.built_in:
            document |= {"built_in": list(self.built_in)}
        if self.shadow_built_in:
            document |= {"shadow_built_in": list(self.shadow_built_in)}
        if self.derived:
            document |= {"derived": [one.as_document() for one in self.derived]}
        return document

    @classmethod
    def from_document(cls, document: object) -> Plan:
        """The plan of such a document. Raises `pipeline.records.members.Malformed`."""
        plan = Members(document)
        epoch, has_shadow = plan.whole("epoch", least=0), "shadow_inputs" in plan
        hops = tuple(_hop(one, has_shadow) for one in plan.each("hops"))
        for number, hop in enumerate(hops):
            if hop.newest > epoch:
                raise plan.malformed(f"hops[{number}].since", "names a plan that comes later")
        return cls(
            epoch=epoch,
            hops=hops,
            inputs=plan.texts("inputs"),
            shadow_inputs=plan.texts("shadow_inputs") if has_shadow else None,
            settings=PlanSettings.read(plan) if "max_entries" in plan else None,
            built_in=plan.texts("built_in") if "built_in" in plan else (),
            shadow_built_in=plan.texts("shadow_built_in") if "shadow_built_in" in plan else (),
            derived=tuple(read_derived(one) for one in plan.each("derived")) if "derived" in plan else (),
        )


def _hop(hop: Members, has_shadow: bool) -> Hop:
    since, records = hop.within("since"), hop.within("records")
    read = Hop(
        key=hop.text("key"),
        held_ms=hop.whole("held_ms", least=0),
        columns=_numbered(hop, "columns", since, lambda column: column if isinstance(column, str) else None),
        conditions=_numbered(hop, "wheres", since, lambda where: where if is_program(where) else None),
        memories={agg: _numbered(records, agg, since, _memory) for agg in MEMORIES},
        live=_part(hop, "retention_ms", "features"),
        shadow=_part(hop, "shadow_retention_ms", "shadow") if has_shadow else None,
        kept=tuple(_kept(hop)),
        clock=hop.one_of("clock", *CLOCKS) if "clock" in hop else "event",
    )
    for feature in (*read.live.features, *read.shadow_features, *read.kept):
        if not _is_defined(feature, read):
            raise hop.malformed("features", f"{feature.name} names what the plan does not define")
    return read


def _kept(hop: Members) -> Iterator[MemoryFeature]:
    for one in hop.each("kept") if "kept" in hop else ():
        feature = read_planned_feature(one)
        if not isinstance(feature, MemoryFeature):
            raise one.malformed("agg", f"{feature.name} has no memory to keep")
        yield feature


def _part(hop: Members, retention: str, features: str) -> Part:
    return Part(hop.whole(retention, least=0), tuple(read_planned_feature(one) for one in hop.each(features)))


def _numbered(of: Members, name: str, since: Members, read: Callable[[Any], _T | None]) -> Numbered[_T]:
    given, known = of.items(name), since.wholes(name)
    if len(given) != len(known):
        raise since.malformed(name, f"must be as many as {name}")
    definitions = tuple(None if one is None else read(one) for one in given)
    for number, one in enumerate(definitions):
        if one is None and given[number] is not None:
            raise of.malformed(f"{name}[{number}]", "is not understood")
    return Numbered(definitions, known)


def _memory(document: object) -> Memory | None:
    memory = Members(document)
    where = memory.given("where")
    if where is not None and not is_program(where):
        return None
    return Memory(memory.text("of"), memory.whole("ttl_ms", 0), where, memory.whole("number", 0))


def _is_defined(feature: PlannedFeature, hop: Hop) -> bool:
    """Whether all that the feature names has a number in the hop."""
    if feature.same_as is not None and feature.same_as not in {one.name for one in hop.live.features}:
        return False
    if not all(_has(hop.conditions, number) for number in feature.conditions):
        return False
    if isinstance(feature, MemoryFeature):
        return _has(hop.memories[feature.agg], feature.memory)
    return feature.column is None or feature.column in hop.columns.definitions


def _has(numbered: Numbered[Any], number: int) -> bool:
    return number < len(numbered.definitions) and numbered.definitions[number] is not None
