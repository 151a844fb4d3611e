"""What the kernel computes for a rule set, as one JSON document: hops, features, conditions, inputs.

Knows which entries a hop must keep and what each condition is as a program; computes nothing itself.

State outlives a rule set. What it holds per entry (the conditions it met, the columns for `distinct`) and per
key (the records of first_seen and previous) lies under numbers, and a definition keeps its number from plan
to plan as long as it is in use. `since` says from which plan on a number has meant what it means now, so that
whoever reads older state knows what in it still counts.

A plan serves up to three rule sets at once: the live one, a shadow beside it, and the one before, whose
conditions, columns and records are kept up so that a rollback finds them as if it had never been away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pipeline.records.clock import HOUR_MS
from pipeline.rules.expression.postfix import Program, program
from pipeline.rules.feature import KEYS, Feature, Where

MAX_WHERES: Final = 62
"""Conditions one hop can hold: an entry remembers which it met in the bits of one long."""
RECORDS: Final = ("first_seen", "previous")
"""Aggregates with a record of their own instead of a window."""

Plan = Mapping[str, Any]


class TooManyConditions(Exception):
    """A hop would have to hold more conditions than fit; `key` names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"more than {MAX_WHERES} different conditions by {key}")
        self.key = key


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a profile says about the computation, beside the rule set."""

    out_of_orderness_ms: int = 50
    dedup_window_ms: int = HOUR_MS
    max_entries: int = 1_000
    max_event_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class Needs:
    """What one rule set asks for: its features by name, and the values its rules look at."""

    features: Sequence[Feature] = ()
    inputs: Sequence[str] = ()

    def by(self, key: str) -> list[Feature]:
        return sorted((one for one in self.features if one.by == key), key=lambda feature: feature.name)


def build_plan(features: Iterable[Feature], inputs: Sequence[str], settings: PlanSettings) -> dict[str, Any]:
    """The plan of a rule set that is the first and only one, with the settings."""
    return {**asdict(settings), **next_plan(None, 0, Needs(tuple(features), inputs))}


def next_plan(
    before: Plan | None, epoch: int, live: Needs, shadow: Needs | None = None, kept: Needs | None = None
) -> dict[str, Any]:
    """The plan with the number `epoch` that follows `before`: user_id first, then the other keys in use.

    Raises TooManyConditions.
    """
    known = {hop["key"]: hop for hop in before["hops"]} if before else {}
    needs = (live, shadow or Needs(), kept or Needs())
    keys = [key for key in KEYS if key == "user_id" or any(one.by(key) for one in needs)]
    hops = [_Hop(key, known.get(key, {}), epoch, needs).written(shadow is not None) for key in keys]
    plan = {"epoch": epoch, "hops": hops, "inputs": list(live.inputs)}
    return plan if shadow is None else {**plan, "shadow_inputs": list(shadow.inputs)}


def keys_of(plan: Plan) -> list[str]:
    """The keys of its hops, in order."""
    return [str(hop["key"]) for hop in plan["hops"]]


def wheres_of(features: Iterable[Feature], key: str) -> list[Program]:
    """The distinct programs of a key's conditions, in order of first use."""
    programs: dict[str, Program] = {}
    for feature in features:
        if feature.by == key:
            for where in feature.wheres:
                written = program(where.condition)
                programs.setdefault(json.dumps(written), written)
    return list(programs.values())


class _Hop:
    def __init__(self, key: str, before: Plan, epoch: int, needs: tuple[Needs, Needs, Needs]) -> None:
        self._key, self._before, self._epoch = key, before, epoch
        self._live, self._shadow, self._kept = (one.by(key) for one in needs)
        self._since: dict[str, list[int]] = {}
        every = [*self._live, *self._shadow, *self._kept]
        self._wheres = self._numbered("wheres", wheres_of(every, key))
        if len(self._wheres) > MAX_WHERES:
            raise TooManyConditions(key)
        columns = sorted({feature.of for feature in every if feature.agg == "distinct" and feature.of})
        self._columns = self._numbered("columns", columns)
        parts = (self._live, self._shadow, self._kept)
        self._records = {
            agg: self._numbered(agg, [record for part in parts for _, record in _records(part, agg)])
            for agg in RECORDS
        }

    def written(self, has_shadow: bool) -> dict[str, Any]:
        lives, shadows, kept = (_retention_ms(one) for one in (self._live, self._shadow, self._kept))
        hop = {
            "key": self._key,
            "retention_ms": lives,
            "held_ms": max(lives, shadows, kept),
            "columns": self._columns,
            "wheres": self._wheres,
            "records": self._records,
            "since": self._since,
            "features": [self._feature(one, record) for one, record in _with_records(self._live)],
        }
        if has_shadow:
            hop |= {"shadow_retention_ms": shadows, "shadow": list(self._beside(lives == shadows))}
        if silent := self._only_kept():
            hop["kept"] = silent
        return hop

    def _numbered(self, what: str, wanted: Sequence[Any]) -> list[Any]:
        """What was there keeps its number; what is new takes the first free one."""
        had = self._before.get("records", self._before) if what in RECORDS else self._before
        before, sinces = had.get(what, []), self._before.get("since", {}).get(what, [])
        numbers: list[Any] = [one if one in wanted else None for one in before]
        since = list(sinces)
        for one in wanted:
            if one in numbers:
                continue
            if None not in numbers:
                numbers.append(None)
                since.append(self._epoch)
            free = numbers.index(None)
            numbers[free], since[free] = one, self._epoch
        while numbers and numbers[-1] is None:
            numbers.pop()
        self._since[what] = since[: len(numbers)]
        return numbers

    def _beside(self, same_retention: bool) -> Iterator[dict[str, Any]]:
        """The shadow's features; one that the live set computes as well is only named."""
        lives = {_computation(one, record): one.name for one, record in _with_records(self._live)}
        for feature, record in _with_records(self._shadow):
            written = self._feature(feature, record)
            same = lives.get(_computation(feature, record))
            if same is not None and (same_retention or feature.agg in RECORDS):
                written["same_as"] = same
            yield written

    def _only_kept(self) -> list[dict[str, Any]]:
        """The former set's features that must be computed to keep their records up, and that no other has."""
        used = {_computation(*one) for part in (self._live, self._shadow) for one in _with_records(part)}
        return [
            self._feature(feature, record)
            for feature, record in _with_records(self._kept)
            if record is not None and _computation(feature, record) not in used
        ]

    def _feature(self, feature: Feature, record: Plan | None) -> dict[str, Any]:
        written: dict[str, Any] = {"name": feature.name, "agg": feature.agg}
        if feature.agg == "sequence":
            steps = [self._where(step) for step in feature.steps]
            return {**written, "steps": steps, "within_ms": feature.within_ms}
        written["of"] = feature.of
        for duration in ("window_ms", "session_gap_ms", "ttl_ms"):
            if (value := getattr(feature, duration)) is not None:
                written[duration] = value
        if record is not None:
            written["record"] = self._records[feature.agg].index(record)
        return {**written, "where": self._where(feature.where)}

    def _where(self, where: Where | None) -> int:
        return -1 if where is None else self._wheres.index(program(where.condition))


def _retention_ms(features: Iterable[Feature]) -> int:
    return max((feature.retention_ms for feature in features), default=0)


def _with_records(features: Sequence[Feature]) -> Iterator[tuple[Feature, dict[str, Any] | None]]:
    """Each feature with the definition of its record, if it has one.

    Two features that say the same have a record each: `number` counts them.
    """
    seen: Counter[str] = Counter()
    for feature in features:
        if feature.agg not in RECORDS:
            yield feature, None
            continue
        where = program(feature.where.condition) if feature.where else None
        record = {"of": feature.of, "ttl_ms": feature.ttl_ms, "where": where}
        said = feature.agg + json.dumps(record)
        yield feature, {**record, "number": seen[said]}
        seen[said] += 1


def _records(features: Sequence[Feature], agg: str) -> Iterator[tuple[Feature, dict[str, Any]]]:
    for feature, record in _with_records(features):
        if feature.agg == agg and record is not None:
            yield feature, record


def _computation(feature: Feature, record: Plan | None) -> str:
    """What it computes, apart from its name."""
    if record is not None:
        return json.dumps([feature.agg, record])
    wheres = [program(where.condition) for where in feature.wheres]
    spans = (feature.window_ms, feature.session_gap_ms, feature.within_ms)
    return json.dumps([feature.agg, feature.of, spans, wheres])
