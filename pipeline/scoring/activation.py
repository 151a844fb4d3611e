"""Which rule set is in force when: the records of the rules topic, and what they mean.

The executable specification; the kernel's `Activations.java` says the same. Knows records, times and plans;
knows nothing of Kafka, Flink or how a rule set is written.

An activation is a JSON object: `kind` "activation", `format` (2), `action` (what somebody did), `version`,
`hash` and `ruleset` (the content), `shadow` (content or null), `plan` (for the kernel, made by the writer),
`effective_from_ms` (or null) and `previous`, the offset of the activation that it builds on (null for the
first). An activation that does not build on the newest one that counts is passed over: of two written at the
same time one counts, and an old one that somebody repeats never counts again. In its second format it has an
account of who wrote it (`account`) and is signed (`signature`).

Three more kinds change nothing by themselves: a `proposal` is an activation without plan that waits for
approval, an `approval` names one (see `approval`), and an `adoption` vouches for every record before an
offset, by their digest: those of before there were signatures, or of a key that is no longer trusted.

Whatever else lies on the topic is put aside, by what it says alone (`activation_check`): what is in force
goes on, and every reader can tell the offset and what is wrong. So is what builds on a record put aside.

It is in force for every event whose due is at least T: effective_from or its append time + 1 s, whichever is
later, and never before the T of the one it builds on. The first holds from the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.rules.feature import in_order
from pipeline.rules.plan import Plan, PlanSettings, TooManyConditions
from pipeline.rules.planning import next_plan
from pipeline.rules.ruleset import RuleSet, recorded
from pipeline.scoring import account, keys, signature
from pipeline.scoring.account import Account, Backing, Destination, Said
from pipeline.scoring.activation_check import (
    ADOPTION,
    FORMAT,
    KIND,
    UNSIGNED_FORMAT,
    format_of,
    needs,
    problem,
    record_of,
)
from pipeline.scoring.approval import Ballot
from pipeline.scoring.reference import Reference
from pipeline.scoring.signature import Trust
from pipeline.scoring.versions import ALWAYS, Version
from pipeline.settings.document import Content

Record = tuple[int, int, bytes | None]
"""Offset, append time and value."""

AHEAD_MS: Final = 1_000
"""How long before the first event that it is for an activation is on the topic."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One that counts. `from_ms` is its T; ALWAYS for the first. `key` is what it is signed by."""

    offset: int
    append_ms: int
    from_ms: int
    record: Said
    key: str | None = None

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
    def content(self) -> Content:
        """The rule set's content."""
        content: Content = self.record["ruleset"]
        return content

    @property
    def shadow(self) -> Content | None:
        """The content of the rule set that runs beside it."""
        content: Content | None = self.record.get("shadow")
        return content

    @property
    def account(self) -> Account | None:
        """Who wrote it, and why; None of one from before records told."""
        return account.of(self.record)

    @property
    def approvals(self) -> tuple[Account, ...]:
        """Who approved of it."""
        return account.approvals(self.record)

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
class Note:
    """A record that is sound and no activation: a proposal, an approval, an adoption."""

    offset: int
    append_ms: int
    record: Said
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A rules topic: what counts, what is put aside, what else there is, in the order of the topic, and what
    was proposed and approved.
    """

    chain: list[Activation]
    aside: list[Aside]
    notes: list[Note]
    ballot: Ballot

    @property
    def signed(self) -> list[Activation | Note]:
        """All that is sound, in the order of the topic."""
        return sorted([*self.chain, *self.notes], key=lambda one: one.offset)


def read(records: Iterable[Record], trust: Trust | None = None) -> list[Activation]:
    """The activations that count, of records in the order of the topic."""
    return sorted_out(records, trust).chain


def sorted_out(records: Iterable[Record], trust: Trust | None = None) -> Reading:
    """What counts and what is put aside, of records in the order of the topic.

    Without `trust` nobody asks for signatures: for records that have not been on a topic.
    """
    records = list(records)
    trust = trust and adopting(records, trust)
    chain: list[Activation] = []
    aside: dict[int, str] = {}
    notes: list[Note] = []
    ballot = Ballot(trust)
    for offset, append_ms, value in records:
        reason = trouble(value, offset, trust)
        record = {} if value is None or reason else record_of(value)
        key = None if value is None or reason else signature.apart(value).key
        newest = chain[-1] if chain else None
        if value is not None and not reason and record["kind"] != KIND:
            notes.append(Note(offset, append_ms, record, key))
            ballot.take(offset, record, value)
            continue
        if not reason and record["previous"] in aside:
            reason = f"it builds on the record at offset {record['previous']}, which is put aside"
        if not reason and record["previous"] != (newest.offset if newest else None):
            continue
        if not reason and record["plan"]["epoch"] != len(chain):
            reason = f"its plan has the epoch {record['plan']['epoch']}, it would be {len(chain)}"
        if reason := reason or ballot.problem(offset, record):
            aside[offset] = reason
        else:
            chain.append(Activation(offset, append_ms, _from_ms(newest, append_ms, record), record, key))
    return Reading(chain, [Aside(offset, reason) for offset, reason in aside.items()], notes, ballot)


def trouble(value: bytes | None, offset: int = 0, trust: Trust | None = None) -> str | None:
    """Why the record at that offset is put aside, by what it says alone; None where it is sound.

    What is not signed by whom is trusted is not even read. Without `trust` nobody asks for signatures.
    """
    if not value or trust is None or not trust.asks(offset):
        return problem(value)
    if reason := keys.problem(value, trust) or problem(value):
        return reason
    record = record_of(value)
    if format_of(record) != FORMAT:
        return "it does not say for whom it is"
    return account.is_for(record, Destination(trust.stack, trust.topic))


def adopting(records: Sequence[Record], trust: Trust) -> Trust:
    """The same trust with what signed adoptions among the records vouch for."""
    vouched = [trust.adopted]
    for offset, _, value in records:
        if value is None or trouble(value, offset, trust):
            continue
        record = record_of(value)
        if record["kind"] == ADOPTION and record["digest"] == _digest(records, record["before"]):
            vouched.append(min(record["before"], offset))
    return replace(trust, adopted=max(vouched))


def adoption(records: Sequence[Record], backing: Backing) -> bytes:
    """The object that vouches for all of these, to be signed."""
    before = max((offset + 1 for offset, _, _ in records), default=0)
    body = {"before": before, "digest": signature.digest(records)}
    return _line({"kind": ADOPTION, "format": FORMAT, **backing.as_document(), **body})


def _digest(records: Iterable[Record], before: int) -> str:
    return signature.digest(one for one in records if one[0] < before)


def _from_ms(newest: Activation | None, append_ms: int, record: Said) -> int:
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
    backing: Backing | None = None,
) -> bytes:
    """The object that activates a rule set after those, to be signed. Raises TooManyConditions."""
    newest = chain[-1] if chain else None
    record = {
        "kind": KIND,
        "format": FORMAT if backing else UNSIGNED_FORMAT,
        **(backing.as_document() if backing else {}),
        "action": action,
        "version": live.version,
        "hash": live.hash,
        "effective_from_ms": effective_from_ms,
        "previous": newest.offset if newest else None,
        "ruleset": live.content,
        "shadow": shadow.content if shadow else None,
        "plan": _plan(chain, live, shadow).as_document(),
    }
    return _line(record)


def _line(record: Mapping[str, object]) -> bytes:
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


def hop_keys(chain: Sequence[Activation]) -> list[str]:
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
    kept = needs(recorded(former.content)) if former else None
    parts = needs(live), needs(shadow) if shadow else None
    try:
        return next_plan(plan, len(chain), *parts, kept)
    except TooManyConditions:
        if kept is None:
            raise
        return next_plan(plan, len(chain), *parts)
