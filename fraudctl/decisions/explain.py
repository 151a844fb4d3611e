"""Why a transaction was decided as it was: its features, and every rule with the values it compared.

The decision comes from PostgreSQL, or from the decisions topic when the store lacks it, is away, or is not
part of the stack. Each rule of the rule set that was in force is evaluated again on the decision's own
values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.console.progress import Progress, progress
from fraudctl.console.streams import say
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.kafka import admin, tail
from fraudctl.kafka.tail import Record
from pipeline.connections.secrets import Secret
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import run_of
from pipeline.records.decisions import Decision, decode_decision
from pipeline.records.events import Transaction
from pipeline.records.identity import Identity, sent_id
from pipeline.records.position import pack, unpack
from pipeline.records.quantities import amount_text, format_time, parse_amount
from pipeline.records.wire import plain
from pipeline.rules.expression.tree import Kind, RawValue, names_in
from pipeline.rules.ruleset import RuleSetError, load, parse
from pipeline.scoring import scorer
from pipeline.sinks import Unavailable, settings_of
from pipeline.sinks.postgres import reader

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.rules.rule import Rule
    from pipeline.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Found:
    """A decision and where it was found: "postgres" or "log"."""

    decision: Decision
    position: int
    decided_at_ms: int
    origin: str


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule on this transaction. `compared` maps what it mentions to values, absent ones to None.

    `error` says what went wrong in its plug-in.
    """

    rule: str
    when: str
    points: int
    fired: bool
    compared: Mapping[str, Any]
    text: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say. `rules` is empty when the rule set is not to be had any more."""

    found: Found
    ruleset_source: str | None
    rules: tuple[RuleOutcome, ...]
    features: Mapping[str, Mapping[str, Any]]

    @property
    def sum_of_points(self) -> int:
        return sum(hit.points for hit in self.found.decision.reasons)

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping."""
        decision = self.found.decision
        return {
            "transaction": transaction_document(decision.transaction),
            "score": decision.score,
            "decision": decision.decision,
            "reasons": [{"rule": h.rule, "points": h.points, "text": h.text} for h in decision.reasons],
            "sum_of_points": self.sum_of_points,
            "features": {name: dict(feature) for name, feature in self.features.items()},
            "rules": [
                {
                    "rule": j.rule,
                    "when": j.when,
                    "points": j.points,
                    "fired": j.fired,
                    "compared": dict(j.compared),
                    "text": j.text,
                    **({"error": j.error} if j.error else {}),
                }
                for j in self.rules
            ],
            "ruleset": {
                "version": decision.ruleset_version,
                "hash": decision.ruleset_hash,
                "source": self.ruleset_source,
            },
            "late": decision.late,
            "saturated": decision.saturated,
            **({"reused_id": True, "content_hash": decision.content_hash} if decision.reused_id else {}),
            "warming": list(decision.warming),
            "source": {
                "topic": decision.source.topic,
                "partition": decision.source.partition,
                "offset": decision.source.offset,
            },
            "run": unpack(self.found.position).run,
            "position": self.found.position,
            "decided_at": format_time(self.found.decided_at_ms),
            "origin": self.found.origin,
        }


def explain(stack: Stack, event_id: str, user_id: str | None = None) -> Explanation:
    """Explain one event. Raises UsageError when several users have it, Failed when none has."""
    found = one_of(find(stack, event_id, user_id), event_id)
    ruleset, source = ruleset_of(stack, found.decision.ruleset_hash)
    return explanation(found, ruleset, source)


def explanation(found: Found, ruleset: RuleSet | None, source: str | None) -> Explanation:
    """Put together what is known; pure."""
    features = {
        name: {"value": plain(value), **(_declared(ruleset, name) if ruleset else {})}
        for name, value in found.decision.features.items()
    }
    absent = [name for name in (ruleset.features if ruleset else ()) if name not in features]
    for name in absent:
        features[name] = {"value": None, **(_declared(ruleset, name) if ruleset else {})}
    return Explanation(found, source if ruleset else None, outcomes(found.decision, ruleset), features)


def outcomes(decision: Decision, ruleset: RuleSet | None) -> tuple[RuleOutcome, ...]:
    """Every rule of the set on the values of the decision, in the set's own order."""
    if ruleset is None:
        return ()
    values = raw_values(decision, ruleset)
    texts = {hit.rule: hit.text for hit in decision.reasons}
    return tuple(_outcome(rule, values, ruleset, texts.get(rule.name)) for rule in ruleset.rules)


def raw_values(decision: Decision, ruleset: RuleSet) -> dict[str, RawValue | None]:
    """What the rules saw: money in units, numbers, text, truth values; what is absent is left out."""
    read: Mapping[Kind, Callable[[Any], Any]] = {Kind.MONEY: parse_amount, Kind.INT: int, Kind.FLOAT: float}
    transaction = decision.transaction
    values: dict[str, RawValue | None] = {
        "event_id": transaction.event_id,
        "user_id": transaction.user_id,
        "amount": transaction.amount_units,
        **{name: transaction.get(name) for name in transaction.fields},
        **{name: getattr(decision, name) for name in ruleset.built_in if name in ("late", "reused_id")},
    }
    for name, value in decision.features.items():
        values[name] = read.get(ruleset.kind(name), lambda same: same)(value)
    return values


def find(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """The newest decision of each user who has that event id: from the store, else from the log.

    Raises NotRunning or Unhealthy only when the log cannot be read either.
    """
    return _from_store(stack, event_id, user_id) or logged(stack, event_id, user_id)


def _from_store(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """What the store holds; nothing, and why is said, where there is none or it does not answer."""
    try:
        dsn, access = stack.reached("postgres")
    except NotRunning as error:
        say(f"{error.message}: reading the log instead")
        return []
    try:
        return stored(dsn, event_id, user_id, **access)
    except Unavailable as error:
        say(f"PostgreSQL does not answer: {error}: reading the log instead")
        return []


def one_of(found: list[Found], event_id: str) -> Found:
    """The only one. Raises UsageError naming the users when there are several, Failed for none."""
    if not found:
        raise Failed(f"no decision about {event_id!r} is known", hint="see the latest: fraudctl alerts")
    users_of = {one.decision.transaction.user_id for one in found}
    if len(users_of) == 1:
        return _chosen(found, event_id)
    if len(found) > 1:
        users = ", ".join(sorted(users_of))
        raise UsageError(
            f"{len(users_of)} users have an event {event_id!r}: {users}",
            hint="name one with --user",
            code="ambiguous",
        )
    return found[0]


def _chosen(found: list[Found], event_id: str) -> Found:
    """The one with exactly that stored id, else the first; the others that bear the id are named."""
    exact = [one for one in found if one.decision.identity[1] == event_id]
    chosen = (exact or found)[0]
    others = [one.decision.identity[1] for one in found if one is not chosen]
    if others and chosen.decision.content_hash is None:
        named = ", ".join(repr(one) for one in others)
        say(f"the id was used again, for other payments; explain those with: {named}")
    return chosen


def stored(
    dsn: str,
    event_id: str,
    user_id: str | None,
    *,
    secret: Secret = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Found]:
    """From PostgreSQL. Raises `pipeline.sinks.Unavailable`."""
    told = settings_of("postgres", settings or {})
    found = reader.of_event(dsn, event_id, user_id, secret=secret, settings=told)
    return [Found(*one, "postgres") for one in found]


def logged(stack: Stack, event_id: str, user_id: str | None) -> list[Found]:
    """From the decisions topic, read from its beginning: slow, and needs no store."""
    topic = stack.profile.topics.decisions
    total = sum(admin.end_offsets(stack.kafka, topic).values())
    with progress("reading the log", total) as bar:
        records = tail.records(stack.kafka, topic)
        return newest(_counted(records, bar), event_id, user_id)


def newest(records: Iterable[Record], event_id: str, user_id: str | None) -> list[Found]:
    """The decision of the greatest position for each event of a user that bears the id."""
    found: dict[Identity, Found] = {}
    for record in records:
        value = record.value or b""
        try:
            identity = owner, event = glance(value).identity
            if event_id not in (event, sent_id(event)) or user_id not in (None, owner):
                continue
            rank = pack(run_of(record.headers.items()), record.offset)
            if identity not in found or rank > found[identity].position:
                found[identity] = Found(decode_decision(value), rank, record.append_ms, "log")
        except ValueError:  # no decision, or only the beginning of one
            continue
    return [found[identity] for identity in sorted(found)]


def ruleset_of(stack: Stack, wanted: str) -> tuple[RuleSet | None, str | None]:
    """The rule set of that hash and where it was found; (None, None) when it is not to be had."""
    readers: list[tuple[Path, Callable[[Path], RuleSet]]] = [
        (Path(stack.profile.rules), load),
        (stack.home / "rules" / f"{wanted}.json", lambda path: parse(json.loads(path.read_text()))),
    ]
    for path, read in readers:
        try:
            ruleset = read(path)
        except (RuleSetError, OSError, ValueError):
            continue
        if ruleset.hash == wanted:
            return ruleset, str(path)
    return None, None


def transaction_document(transaction: Transaction) -> dict[str, object]:
    """The transaction as plain JSON values; the amount as exact decimal text."""
    return {
        "event_id": transaction.event_id,
        "user_id": transaction.user_id,
        "event_time": format_time(transaction.event_time_ms),
        "amount": amount_text(transaction.amount_units),
        **{name: plain(value) for name, value in transaction.fields.items()},
    }


def _outcome(rule: Rule, values: Mapping[str, Any], ruleset: RuleSet, text: str | None) -> RuleOutcome:
    compared = {}
    uses = rule.plugin.uses if rule.plugin else ()
    for name in dict.fromkeys((*(mention.name for mention in names_in(rule.condition)), *uses)):
        value = values.get(name)
        is_money = ruleset.kind(name) is Kind.MONEY and value is not None
        compared[name] = amount_text(value) if is_money and value is not None else value
    answer = scorer.judge(rule, ruleset, values)
    error, points = (answer.error, answer.points) if answer else (None, rule.points)
    fired = answer is not None and error is None
    return RuleOutcome(rule.name, rule.when, points if fired else rule.points, fired, compared, text, error)


def _declared(ruleset: RuleSet, name: str) -> dict[str, object]:
    """How the feature is declared, as written in the rule set."""
    return {"declared": ruleset.content.get("features", {}).get(name)}


def _counted(records: Iterable[Record], progress: Progress) -> Iterable[Record]:
    for count, record in enumerate(records, 1):
        yield record
        if count % 5_000 == 0:
            progress.update(count)
