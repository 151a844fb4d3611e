"""Why a transaction was decided as it was: its features, and every rule with the values it compared.

`fraudctl.decisions.finding` finds the decision. Each rule of the rule set that was in force is evaluated
again on the decision's own values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.decisions.finding import Found, find, one_of, stored
from fraudctl.errors import Unhealthy, UsageError
from pipeline.records.decisions import Decision
from pipeline.records.events import Transaction
from pipeline.records.masking import NONE, Masks
from pipeline.records.position import unpack
from pipeline.records.quantities import amount_text, format_time, parse_amount
from pipeline.records.wire import plain
from pipeline.rules.expression.tree import Kind, RawValue, names_in
from pipeline.rules.ruleset import RuleSetError, load, parse
from pipeline.scoring import scorer
from pipeline.sinks import Unavailable

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.rules.rule import Rule
    from pipeline.rules.ruleset import RuleSet


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
    masks: Masks = NONE
    """what of it is not shown in full"""

    @property
    def sum_of_points(self) -> int:
        return sum(hit.points for hit in self.found.decision.reasons)

    @property
    def shown_ids(self) -> tuple[str, str]:
        """Whose and which decision it is, as people may see it."""
        user_id, event_id = self.found.decision.identity
        return str(self.masks.value("user_id", user_id)), event_id

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping, as people may see it."""
        return self.masks.document(self._whole(), self._of_masked())

    def _of_masked(self) -> set[str]:
        """Features that are former values of masked fields."""
        declared = ((name, one.get("declared") or {}) for name, one in self.features.items())
        return {name for name, how in declared if self.masks.hides(str(how.get("of")))}

    def _whole(self) -> dict[str, object]:
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
    return replace(explanation(found, ruleset, source), masks=stack.profile.masks)


def of_stored(stack: Stack, user_id: str, event_id: str) -> Explanation | None:
    """Explain exactly that event of that user, named as people are shown them, from the store alone, saying
    nothing; None where it has none.

    Raises Unhealthy where the store does not answer, NotRunning where there is none, UsageError where several
    users have it who are shown by that name.
    """
    is_masked = stack.profile.masks.hides("user_id")
    return shown_as(user_id, event_id, all_stored(stack, event_id, None if is_masked else user_id))


def shown_as(user_id: str, event_id: str, there: Sequence[Explanation]) -> Explanation | None:
    """The one of these that people are shown under these ids; None where none is. Raises UsageError."""
    same = [one for one in there if one.shown_ids == (user_id, event_id)]
    if len(same) > 1:
        raise UsageError(
            f"{len(same)} users who are shown as {user_id} have an event {event_id!r}",
            hint="name one: fraudctl explain EVENT_ID --user USER",
        )
    return same[0] if same else None


def all_stored(stack: Stack, event_id: str, user_id: str | None = None) -> list[Explanation]:
    """The same of every decision of the store on an event with that id, of that user or of any."""
    if "\0" in event_id + (user_id or ""):
        return []  # PostgreSQL holds no such text
    try:
        there = stored(stack.sink_address("postgres"), event_id, user_id, stack.way("postgres"))
    except Unavailable as error:
        raise Unhealthy(f"PostgreSQL does not answer: {error}", hint="see: fraudctl status") from error
    found = (explanation(one, *ruleset_of(stack, one.decision.ruleset_hash)) for one in there)
    return [replace(one, masks=stack.profile.masks) for one in found]


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
    values |= {name: one.value(transaction) for name, one in ruleset.derived.items()}
    for name, value in decision.features.items():
        values[name] = read.get(ruleset.kind(name), lambda same: same)(value)
    return values


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
    for name in dict.fromkeys((*(mention.name for mention in names_in(rule.condition)), *rule.asked)):
        value = values.get(name)
        is_money = ruleset.kind(name) is Kind.MONEY and value is not None
        word = ruleset.derived[name].word if name in ruleset.derived else name
        compared[word] = amount_text(value) if is_money and value is not None else value
    answer = scorer.judge(rule, ruleset, values)
    error, points = (answer.error, answer.points) if answer else (None, rule.points)
    fired = answer is not None and error is None
    return RuleOutcome(rule.name, rule.when, points if fired else rule.points, fired, compared, text, error)


def _declared(ruleset: RuleSet, name: str) -> dict[str, object]:
    """How the feature is declared, as written in the rule set."""
    return {"declared": ruleset.content.get("features", {}).get(name)}
