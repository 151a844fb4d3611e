"""A feature in a plan: what is computed, with conditions and memories under the numbers its hop gives them.

Knows the forms and their JSON; `feature` is how a rule set declares one, `scoring/features.py` what its
values are.

Of every form: `same_as` names the live rule set's feature whose value this one of a shadow has; `conditions`
are the numbers of all conditions that it looks at; `where` is the one that entries must meet, None when every
entry counts; `of_kind` is the kind of what it is of, where that is neither a text nor the amount of a sum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal, cast, get_args

from pipeline.records.members import Members

WindowAggregate = Literal["count", "sum", "min", "max", "avg", "distinct", "mean_before", "stddev_before"]
MemoryAggregate = Literal["first_seen", "previous"]
MEMORIES: Final[tuple[MemoryAggregate, ...]] = get_args(MemoryAggregate)
"""Aggregates with a memory of their own instead of a window."""

OfKind = Literal["money", "integer", "number", "truth value"]

_EVERY_ENTRY: Final = -1
"""The number in JSON where there is no condition."""


@dataclass(frozen=True, slots=True)
class WindowFeature:
    """An aggregate over the entries of the last `window_ms`; `of` is None for a count."""

    name: str
    agg: WindowAggregate
    of: str | None
    window_ms: int
    where: int | None
    same_as: str | None = None
    of_kind: OfKind | None = None

    @property
    def column(self) -> str | None:
        """The column of entries that it reads."""
        return (self.of or "") if self.agg == "distinct" or self.of_kind else None

    @property
    def conditions(self) -> tuple[int, ...]:
        return _numbers(self.where)

    def as_document(self) -> dict[str, object]:
        """As JSON."""
        return _document(self)


@dataclass(frozen=True, slots=True)
class SessionFeature:
    """An aggregate over the entries since the last pause longer than `session_gap_ms`."""

    name: str
    agg: WindowAggregate
    of: str | None
    session_gap_ms: int
    where: int | None
    same_as: str | None = None
    of_kind: OfKind | None = None

    @property
    def column(self) -> str | None:
        """The column of entries that it reads."""
        return (self.of or "") if self.agg == "distinct" or self.of_kind else None

    @property
    def conditions(self) -> tuple[int, ...]:
        return _numbers(self.where)

    def as_document(self) -> dict[str, object]:
        """As JSON."""
        return _document(self)


@dataclass(frozen=True, slots=True)
class SequenceFeature:
    """Whether entries met the conditions with these numbers one after another, the event the last."""

    name: str
    steps: tuple[int, ...]
    within_ms: int
    same_as: str | None = None

    @property
    def column(self) -> None:
        """It reads no column."""

    @property
    def conditions(self) -> tuple[int, ...]:
        return self.steps

    def as_document(self) -> dict[str, object]:
        """As JSON."""
        document: dict[str, object] = {"name": self.name, "agg": "sequence", "steps": list(self.steps)}
        return document | {"within_ms": self.within_ms} | _same(self.same_as)


@dataclass(frozen=True, slots=True)
class MemoryFeature:
    """When a value was first seen, or which was the previous one; `memory` is the number of its memory."""

    name: str
    agg: MemoryAggregate
    of: str
    ttl_ms: int
    memory: int
    where: int | None
    same_as: str | None = None
    of_kind: OfKind | None = None

    @property
    def column(self) -> None:
        """It reads no column."""

    @property
    def conditions(self) -> tuple[int, ...]:
        return _numbers(self.where)

    def as_document(self) -> dict[str, object]:
        """As JSON."""
        return _document(self)


PlannedFeature = WindowFeature | SessionFeature | SequenceFeature | MemoryFeature


def read_planned_feature(feature: Members) -> PlannedFeature:
    """The feature of such a document. Raises `Malformed`."""
    name, agg, same_as = feature.text("name"), feature.text("agg"), feature.optional_text("same_as")
    if agg == "sequence":
        steps = feature.wholes("steps")
        if not steps:
            raise feature.malformed("steps", "must be at least one")
        return SequenceFeature(name, steps, feature.whole("within_ms", 0), same_as)
    kind = cast(OfKind, feature.one_of("of_kind", *get_args(OfKind))) if "of_kind" in feature else None
    number = feature.whole("where", least=_EVERY_ENTRY)
    where = None if number == _EVERY_ENTRY else number
    if agg in MEMORIES:
        of, ttl_ms, memory = feature.text("of"), feature.whole("ttl_ms", 0), feature.whole("record", 0)
        return MemoryFeature(name, agg, of, ttl_ms, memory, where, same_as, kind)
    if agg not in get_args(WindowAggregate):
        raise feature.malformed("agg", f"{agg} is no aggregate")
    windowed, column = cast(WindowAggregate, agg), feature.optional_text("of")
    if "session_gap_ms" in feature:
        gap_ms = feature.whole("session_gap_ms", 0)
        return SessionFeature(name, windowed, column, gap_ms, where, same_as, kind)
    return WindowFeature(name, windowed, column, feature.whole("window_ms", 0), where, same_as, kind)


def _numbers(where: int | None) -> tuple[int, ...]:
    return () if where is None else (where,)


def _document(feature: WindowFeature | SessionFeature | MemoryFeature) -> dict[str, object]:
    """Its fields under their own names, but for the memory; `same_as` only where there is one."""
    document = {"record" if name == "memory" else name: value for name, value in asdict(feature).items()}
    document["where"] = _EVERY_ENTRY if feature.where is None else feature.where
    if feature.of_kind is None:
        del document["of_kind"]
    return document if document.pop("same_as") is None else document | {"same_as": feature.same_as}


def _same(name: str | None) -> dict[str, object]:
    return {} if name is None else {"same_as": name}
