"""Which rule set is in force when: the records of the rules topic, and what they mean.

The executable specification; the kernel's `Activations.java` says the same. Knows records, times and plans;
knows nothing of Kafka, Flink or how a rule set is written.

An activation is a JSON object: `kind` "activation", `format` (1), `action` (what somebody did), `version`,
`hash` and `ruleset` (the content), `shadow` (content or null), `plan` (for the kernel, made by the writer),
`effective_from_ms` (or null) and `previous`, the offset of the activation that it builds on (null for the
first). An activation that does not build on the newest one that counts is passed over: of two written at the
same time one counts.

Whatever else lies on the topic is put aside, by what it says alone (`activation_check`): what is in force
goes on, and every reader can tell the offset and what is wrong. So is what builds on a record put aside.

It is in force for every event whose due is at least T: effective_from or its append time + 1 s, whichever is
later, and never before the T of the one it builds on. The first holds from the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.rules.feature import in_order
from pipeline.rules.plan import Plan, PlanSettings, TooManyConditions
from pipeline.rules.planning import next_plan
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring.activation_check import FORMAT, KIND, needs, problem, record_of
from pipeline.scoring.reference import Reference
from pipeline.scoring.versions import ALWAYS, Version

AHEAD_MS: Final = 1_000
"""How long before the first event that it is for an activation is on the topic."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One that counts. `from_ms` is its T; ALWAYS for the first."""

    offset: int
    append_ms: int
    from_ms: int
    record: Mapping[str, Any]

    @property
    def version(self) -> str:
        return str(self.record["version"])

    @property
    def hash(self) -> str:
        return str(self.record["hash"])

    @property
    def action(self) -> str:
        return str(self.record["action"])

    @property
    def content(self) -> Mapping[str, Any]:
        """The rule set's content."""
        content: Mapping[str, Any] = self.record["ruleset"]
        return content

    @property
    def shadow(self) -> Mapping[str, Any] | None:
        """The content of the rule set that runs beside it."""
        content: Mapping[str, Any] | None = self.record.get("shadow")
        return content

    @property
    def plan(self) -> Plan:
        """What the kernel computes. Raises `Malformed` when the record has no plan that can be read."""
        return Plan.from_document(self.record["plan"])


@dataclass(frozen=True, slots=True)
class Aside:
    """A record that is put aside, and what is wrong with it."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A rules topic: the activations that count and the records put aside, each in the order of the topic."""

    chain: list[Activation]
    aside: list[Aside]


def read(records: Iterable[tuple[int, int, bytes | None]]) -> list[Activation]:
    """The activations that count, from (offset, append time, value) in the order of the topic."""
    return sorted_out(records).chain


def sorted_out(records: Iterable[tuple[int, int, bytes | None]]) -> Reading:
    """What counts and what is put aside, from (offset, append time, value) in the order of the topic."""
    chain: list[Activation] = []
    aside: dict[int, str] = {}
    for offset, append_ms, value in records:
        reason = problem(value)
        record = {} if value is None or reason else record_of(value)
        newest = chain[-1] if chain else None
        if not reason and record["previous"] in aside:
            reason = f"it builds on the record at offset {record['previous']}, which is put aside"
        if not reason and record["previous"] != (newest.offset if newest else None):
            continue
        if not reason and record["plan"]["epoch"] != len(chain):
            reason = f"its plan has the epoch {record['plan']['epoch']}, it would be {len(chain)}"
        if reason:
            aside[offset] = reason
        else:
            chain.append(Activation(offset, append_ms, _from_ms(newest, append_ms, record), record))
    return Reading(chain, [Aside(offset, reason) for offset, reason in aside.items()])


def _from_ms(newest: Activation | None, append_ms: int, record: Mapping[str, Any]) -> int:
    if newest is None:
        return ALWAYS
    wanted = record["effective_from_ms"]
    return max(append_ms + AHEAD_MS, newest.from_ms, ALWAYS if wanted is None else int(wanted))


def in_force(chain: Sequence[Activation], due: int) -> Activation:
    """The one by which an event of that due is computed and scored."""
    return next(one for one in reversed(chain) if one.from_ms <= due)


def following(
    chain: Sequence[Activation],
    action: str,
    live: RuleSet,
    shadow: RuleSet | None = None,
    effective_from_ms: int | None = None,
) -> bytes:
    """The record that activates a rule set after those. Raises TooManyConditions."""
    newest = chain[-1] if chain else None
    record = {
        "kind": KIND,
        "format": FORMAT,
        "action": action,
        "version": live.version,
        "hash": live.hash,
        "effective_from_ms": effective_from_ms,
        "previous": newest.offset if newest else None,
        "ruleset": live.content,
        "shadow": shadow.content if shadow else None,
        "plan": _plan(chain, live, shadow).as_document(),
    }
    return json.dumps(record, ensure_ascii=False).encode()


def before(chain: Sequence[Activation]) -> Activation | None:
    """Where a rollback goes: what was live before the newest, those rolled back from left out."""
    standing: list[Activation] = []
    for one in chain:
        if one.action == "rollback" and len(standing) > 1:
            standing.pop()
        elif not standing or one.hash != standing[-1].hash:
            standing.append(one)
    return standing[-2] if len(standing) > 1 else None


def keys(chain: Sequence[Activation]) -> list[str]:
    """Every key that a plan of the chain has a hop by, the user first."""
    used = {key for one in chain for key in one.plan.keys}
    return list(in_order(used))


def reference(chain: Sequence[Activation], settings: PlanSettings) -> Reference:
    """The reference over all of them; the `version` of what it gives is the place in the chain."""
    first = replace(chain[0].plan, settings=settings)
    return Reference(first, [Version(one.from_ms, one.plan) for one in chain[1:]])


def _plan(chain: Sequence[Activation], live: RuleSet, shadow: RuleSet | None) -> Plan:
    """What a rollback would need is kept up too, unless there is no room for it."""
    plan = chain[-1].plan if chain else None
    former = next((one for one in reversed(chain) if one.hash != live.hash), None)
    kept = needs(parse(former.content)) if former else None
    parts = needs(live), needs(shadow) if shadow else None
    try:
        return next_plan(plan, len(chain), *parts, kept)
    except TooManyConditions:
        if kept is None:
            raise
        return next_plan(plan, len(chain), *parts)
