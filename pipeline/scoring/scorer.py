"""Features and a rule set make a score, a decision and its reasons.

Knows rules and thresholds; knows nothing of Flink, Kafka or how a feature came about. A rule set is compiled
once into one Python function, because a clean event must cost next to nothing: see `Scorer.score_batch`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pipeline.records.decision_bytes import currency_of
from pipeline.records.decisions import Decision, Hit, Source, encode_tail
from pipeline.records.quantities import Number, amount_text
from pipeline.records.wire import Scalar
from pipeline.rules.currencies import CURRENCY
from pipeline.rules.derived import Seen
from pipeline.rules.expression.compile import ConditionCompiler, predicate
from pipeline.rules.expression.tree import Kind, Name, RawValue
from pipeline.rules.plugins.alarm import Alarm, Guard
from pipeline.rules.plugins.call import Answer, Ready
from pipeline.rules.reason import Reason, written
from pipeline.rules.rule import Rule
from pipeline.rules.ruleset import RuleSet
from pipeline.scoring.reference import Scored

MAX_SCORE = 100

_FUNCTIONS = """
def fired_by(row):
    said = None
    ({variables}) = row
{body}
    return fired, said

def finish(rows, heads, clean, flagged):
    finished, said = [], None
    append = finished.append
    for row, head in zip(rows, heads, strict=True):
        ({variables}) = row
{nested_body}
        append(head + (flagged(fired, row, said, head) if fired else clean))
    return finished
"""

Row = Sequence[RawValue | None]
"""Values in the order of `RuleSet.inputs`; None is absent."""
Said = Mapping[int, Answer]
"""What plug-ins answered, by the number of their rule. Their rules count as fired until it is looked at."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Score (0 to 100), decision, the rules that fired, and what plug-ins failed.

    Hits come by the points they give, the most first, equal ones in the rule set's order.
    """

    score: int
    decision: str
    hits: tuple[Hit, ...]
    errors: Mapping[str, str] = field(default_factory=dict)


class Scorer:
    """A rule set ready to score. `values` are raw, in the order of `ruleset.inputs`; None is absent.

    `guard` watches over its plug-ins. `plugin_errors` counts their failures by rule.
    """

    def __init__(self, ruleset: RuleSet, guard: Guard | None = None) -> None:
        self._ruleset = ruleset
        self._index = {name: index for index, name in enumerate(ruleset.inputs)}
        numbers = {rule.name: number for number, rule in enumerate(ruleset.rules)}
        self._over_amounts = sum(1 << numbers[name] for name in ruleset.over_amounts)
        self.plugin_errors: Counter[str] = Counter()
        functions = _compile(ruleset, guard or Alarm())
        self._fired_by: Callable[[Row], tuple[int, Said | None]] = functions["fired_by"]
        self._finish: Callable[..., list[bytes]] = functions["finish"]
        self._clean = self._verdict(0, (), None)
        self._clean_tail = self._tail(0, (), None)

    def score(self, values: Row, currency: object = None) -> Verdict:
        """Score, decision and the rules that fired on an event in that currency, None if it names none."""
        fired, said = self._fired_by(values)
        if not fired:
            return self._clean
        if self._ruleset.is_foreign(currency):
            fired &= ~self._over_amounts
        return self._verdict(fired, values, said)

    def tail(self, values: Row) -> bytes:
        """The end of the decision's JSON, from `,"score"` to the closing brace."""
        fired, said = self._fired_by(values)
        return self._tail(fired, values, said) if fired else self._clean_tail

    def score_batch(self, data: bytes) -> bytes:
        """Finish many decisions at once.

        `data` is lines: a JSON array of rows of values, then one line per row, the head of its decision.
        The answer has a line per head, each with its tail; it is empty when there are no rows.
        """
        first, *heads = data.split(b"\n")
        return b"\n".join(self._finish(json.loads(first), heads, self._clean_tail, self._flagged))

    def decide(self, scored: Scored, topic: str) -> Decision:
        """The decision on an event from the reference; equal to what the job writes."""
        stamped, ruleset = scored.stamped, self._ruleset
        verdict = self.verdict(scored)
        return Decision(
            transaction=stamped.transaction,
            score=verdict.score,
            decision=verdict.decision,
            source=Source(topic, stamped.partition, stamped.offset),
            reasons=verdict.hits,
            features=self._features(scored),
            ruleset_version=ruleset.version,
            ruleset_hash=ruleset.hash,
            late=stamped.late,
            saturated=scored.saturated,
            plugin_errors=verdict.errors,
            warming=scored.warming,
            content_hash=scored.content_hash,
        )

    def _features(self, scored: Scored) -> dict[str, Scalar]:
        """Those of the event, and the delay where rules look at it."""
        ruleset, delay_ms = self._ruleset, scored.stamped.delay_ms
        said = {name: _scalar(ruleset.kind(name), value) for name, value in scored.values.items()}
        if "delay_ms" in ruleset.built_in and delay_ms is not None:
            said["delay_ms"] = Number(delay_ms)
        return said

    def verdict(self, scored: Scored) -> Verdict:
        """The verdict on an event from the reference, without the rest of a decision."""
        return self.score(values_of(scored, self._ruleset), scored.stamped.transaction.fields.get(CURRENCY))

    def _verdict(self, fired: int, values: Row, said: Said | None) -> Verdict:
        hits, errors = [], {}
        while fired:
            lowest = fired & -fired
            number = lowest.bit_length() - 1
            rule, answer = self._ruleset.rules[number], said.get(number) if said else None
            if answer and answer.error is not None:
                errors[rule.name] = answer.error
                self.plugin_errors[rule.name] += 1
            else:
                hits.append(self._hit(rule, values, answer))
            fired ^= lowest
        if said:  # rules come by their declared points, a plug-in may have given fewer
            hits.sort(key=lambda hit: -hit.points)
        score = max(0, min(MAX_SCORE, sum(hit.points for hit in hits)))
        return Verdict(score, self._decision(score), tuple(hits), errors)

    def _hit(self, rule: Rule, values: Row, answer: Answer | None) -> Hit:
        if answer is None:
            return Hit(rule.name, rule.points, self._text(rule.reason, values))
        return Hit(rule.name, answer.points, answer.text or self._text(rule.reason, values))

    def _decision(self, score: int) -> str:
        thresholds = self._ruleset.thresholds
        if score >= thresholds.block:
            return "block"
        return "review" if score >= thresholds.review else "approve"

    def _text(self, reason: Reason, values: Row) -> str:
        return "".join(
            written(part.kind, values[self._index[part.name]]) if isinstance(part, Name) else part
            for part in reason.parts
        )

    def _flagged(self, fired: int, values: Row, said: Said | None, head: bytes) -> bytes:
        """The end of a decision in which rules fired; only here, so rarely, is its currency looked at."""
        if self._over_amounts and self._ruleset.is_foreign(currency_of(head)):
            fired &= ~self._over_amounts
        return self._tail(fired, values, said) if fired else self._clean_tail

    def _tail(self, fired: int, values: Row, said: Said | None) -> bytes:
        verdict, ruleset = self._verdict(fired, values, said), self._ruleset
        return encode_tail(
            verdict.score, verdict.decision, verdict.hits, ruleset.version, ruleset.hash, verdict.errors
        )


def values_of(scored: Scored, ruleset: RuleSet) -> Row:
    """What `Scorer.score` takes of an event from the reference."""
    transaction = Seen(scored.stamped.transaction, ruleset.derived)
    return [
        scored.values.get(name)
        if name in ruleset.features
        else scored.built_in(name)
        if name in ruleset.built_in
        else transaction.get(name)
        for name in ruleset.inputs
    ]


def decide(scored: Scored, ruleset: RuleSet, topic: str) -> Decision:
    """The decision of a rule set on an event from the reference."""
    return _scorer(ruleset).decide(scored, topic)


@lru_cache(maxsize=16)
def _scorer(ruleset: RuleSet) -> Scorer:
    return Scorer(ruleset)


def _scalar(kind: Kind, value: RawValue) -> Scalar:
    if isinstance(value, bool | str):
        return value
    return Number(amount_text(int(value)) if kind is Kind.MONEY else repr(value))


def judge(rule: Rule, ruleset: RuleSet, values: Mapping[str, RawValue | None]) -> Answer | None:
    """What one rule says of raw values by name; None when it does not fire."""
    if rule.name in ruleset.over_amounts and ruleset.is_foreign(values.get(CURRENCY)):
        return None
    if not predicate(rule.condition)(values):
        return None
    if rule.plugin is None:
        return Answer(rule.points)
    places = {name: index for index, name in enumerate(rule.asked)}
    plugin = ready(rule, ruleset, places, Alarm())
    return plugin([values.get(name) for name in places]) if plugin else None


def ready(rule: Rule, ruleset: RuleSet, places: Mapping[str, int], guard: Guard) -> Ready | None:
    """A rule's plug-in, to be asked about rows in which `places` says where each name stands."""
    if rule.plugin is None:
        return None
    meant = dict(zip(rule.plugin.uses, rule.asked, strict=True))
    kinds = {word: ruleset.kind(name) for word, name in meant.items()}
    there = {word: places[name] for word, name in meant.items()}
    return Ready(rule.name, rule.points, rule.plugin, kinds, there, ruleset.features, guard)


def _compile(ruleset: RuleSet, guard: Guard) -> dict[str, Any]:
    places = {name: index for index, name in enumerate(ruleset.inputs)}
    compiler = ConditionCompiler(lambda name: f"v{places[name]}")
    # JSON tells 5 from 5.0, the language does not: further fields become doubles before they are compared.
    body = [
        f"if v{index}.__class__ is int: v{index} = float(v{index})"
        for name, index in places.items()
        if ruleset.kind(name) is Kind.ANY
    ]
    has_plugins = any(rule.plugin for rule in ruleset.rules)
    body.append("fired, said = 0, None" if has_plugins else "fired = 0")
    for number, rule in enumerate(ruleset.rules):
        body += _judging(number, compiler.source(rule.condition), rule.plugin is not None)
        compiler.constants[f"plugin{number}"] = ready(rule, ruleset, places, guard)
    source = _FUNCTIONS.format(
        variables="".join(f"v{index}, " for index in places.values()),
        body="\n".join(f"    {line}" for line in body),
        nested_body="\n".join(f"        {line}" for line in body),
    )
    namespace = dict(compiler.constants)
    exec(compile(source, f"<rule set {ruleset.hash[:12]}>", "exec"), namespace)
    return namespace


def _judging(number: int, condition: str, has_plugin: bool) -> list[str]:
    if not has_plugin:
        return [f"if {condition}: fired |= {1 << number}"]
    return [
        f"if {condition}:",
        f"    answer = plugin{number}(row)",
        "    if answer is not None:",
        f"        fired |= {1 << number}",
        "        if said is None: said = {}",
        f"        said[{number}] = answer",
    ]
