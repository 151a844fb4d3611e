"""Decisions and their form on the wire.

Knows the JSON of the decisions topic, which begins with its transaction's; knows nothing of rules or stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.records.events import Transaction, head_of, transaction_of
from pipeline.records.fields import DECISION_FIELDS, MARKS
from pipeline.records.identity import Identity, stored_id
from pipeline.records.ids import ANY_IDS
from pipeline.records.wire import Scalar, json_object, literal, object_text


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired: its name, its points and its sentence with the values filled in."""

    rule: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a transaction stands in the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one transaction. Numbers in `features` are `Number`s, as written in the log.

    `plugin_errors` says of each rule whose plug-in failed what went wrong; such a rule did not fire.
    `warming` names the features that the state does not hold enough for yet. `content_hash` is there when
    another event of the user had the id, with other content.
    """

    transaction: Transaction
    score: int
    decision: str
    source: Source
    reasons: tuple[Hit, ...]
    features: Mapping[str, Scalar]
    ruleset_version: str
    ruleset_hash: str
    late: bool
    saturated: bool
    plugin_errors: Mapping[str, str] = field(default_factory=dict)
    warming: tuple[str, ...] = ()
    content_hash: str | None = None

    @property
    def reused_id(self) -> bool:
        """Whether another event of the user had its id, with other content."""
        return self.content_hash is not None

    @property
    def flagged(self) -> bool:
        """Whether somebody should look: review or block."""
        return self.decision != "approve"

    @property
    def identity(self) -> Identity:
        """What makes two decisions decisions about the same event."""
        return self.transaction.user_id, stored_id(self.transaction.event_id, self.content_hash)


def encode_tail(
    score: int,
    decision: str,
    reasons: Iterable[Hit],
    version: str,
    ruleset_hash: str,
    plugin_errors: Mapping[str, str],
) -> bytes:
    """The end of a decision's JSON, from `,"score"` to the closing brace: what scoring adds to the head."""
    failed = f',"plugin_errors":{{{object_text(plugin_errors)}}}' if plugin_errors else ""
    hits = ",".join(
        f'{{"rule":{literal(hit.rule)},"points":{hit.points},"text":{literal(hit.text)}}}' for hit in reasons
    )
    return (
        f',"score":{score},"decision":{literal(decision)},"reasons":[{hits}]{failed}'
        f',"ruleset_version":{literal(version)},"ruleset_hash":{literal(ruleset_hash)}}}'
    ).encode()


def encode_decision(decision: Decision) -> bytes:
    """The JSON of a decision, byte for byte as the job writes it."""
    source = decision.source
    head = (
        f'{{{head_of(decision.transaction)},"source":{{"topic":{literal(source.topic)},'
        f'"partition":{source.partition},"offset":{source.offset}}},"features":{{{object_text(decision.features)}}}'
        f',"late":{literal(decision.late)},"saturated":{literal(decision.saturated)}'
    )
    if decision.content_hash is not None:
        head += f',"reused_id":true,"content_hash":{literal(decision.content_hash)}'
    if decision.warming:
        head += f',"warming":[{",".join(map(literal, decision.warming))}]'
    tail = encode_tail(
        decision.score,
        decision.decision,
        decision.reasons,
        decision.ruleset_version,
        decision.ruleset_hash,
        decision.plugin_errors,
    )
    return head.encode() + tail


def decode_decision(value: bytes) -> Decision:
    """Read a decision. Raises ValueError when the bytes are not one.

    From `source` on the keys are the decision's own; a transaction cannot carry fields of those names.
    """
    members = json_object(value.decode("utf-8"))
    names = [name for name, _ in members]
    first = names.index("source") if "source" in names else len(names)
    if tuple(name for name in names[first:] if name not in MARKS) != DECISION_FIELDS:
        raise ValueError("not a decision: its keys are not those of one")
    own = dict(members[first:])
    source = dict(own["source"])
    return Decision(
        transaction=transaction_of(members[:first], ANY_IDS),
        score=int(own["score"]),
        decision=own["decision"],
        source=Source(source["topic"], int(source["partition"]), int(source["offset"])),
        reasons=tuple(_hit(dict(hit)) for hit in own["reasons"]),
        features=dict(own["features"]),
        ruleset_version=own["ruleset_version"],
        ruleset_hash=own["ruleset_hash"],
        late=own["late"],
        saturated=own["saturated"],
        plugin_errors=dict(own.get("plugin_errors", ())),
        warming=tuple(own.get("warming", ())),
        content_hash=own.get("content_hash"),
    )


def _hit(members: Mapping[str, Any]) -> Hit:
    return Hit(members["rule"], int(members["points"]), members["text"])
