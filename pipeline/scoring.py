"""Features and a rule set make a score, a decision and its reasons.

Knows rules and thresholds; knows nothing of Flink, Kafka or how a feature came about. A rule set is compiled
once into one Python function, because a clean event must cost next to nothing: see `Scorer.score_batch`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pipeline.events import Decision, Hit, Number, Scalar, Source, amount_text, encode_tail
from pipeline.expression_compile import ConditionCompiler
from pipeline.expression_tree import Kind, Name
from pipeline.features import RawValue, Scored
from pipeline.reason import Reason, written
from pipeline.ruleset import RuleSet

MAX_SCORE = 100

_FUNCTIONS = """
def fired_by(row):
    ({variables}) = row
{body}
    return fired

def finish(rows, heads, clean, flagged):
    finished = []
    append = finished.append
    for row, head in zip(rows, heads, strict=True):
        ({variables}) = row
{nested_body}
        append(head + (flagged(fired, row) if fired else clean))
    return finished
"""


class Scorer:
    """A rule set ready to score. `values` are raw, in the order of `ruleset.inputs`; None is absent."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._ruleset = ruleset
        self._index = {name: index for index, name in enumerate(ruleset.inputs)}
        functions = _compile(ruleset)
        self._fired_by: Callable[[Sequence[Any]], int] = functions["fired_by"]
        self._finish: Callable[..., list[bytes]] = functions["finish"]
        self._clean_tail = self._tail(0, ())

    def score(self, values: Sequence[Any]) -> tuple[int, str, tuple[Hit, ...]]:
        """The score (0 to 100), the decision and the rules that fired, the most points first."""
        return self._score(self._fired_by(values), values)

    def tail(self, values: Sequence[Any]) -> bytes:
        """The end of the decision's JSON, from `,"score"` to the closing brace."""
        fired = self._fired_by(values)
        return self._tail(fired, values) if fired else self._clean_tail

    def score_batch(self, data: bytes) -> bytes:
        """Finish many decisions at once.

        `data` is lines: a JSON array of rows of values, then one line per row, the head of its decision.
        The answer has a line per head, each with its tail; it is empty when there are no rows.
        """
        first, *heads = data.split(b"\n")
        return b"\n".join(self._finish(json.loads(first), heads, self._clean_tail, self._tail))

    def decide(self, scored: Scored, topic: str) -> Decision:
        """The decision on an event from the reference; equal to what the job writes."""
        stamped, ruleset = scored.stamped, self._ruleset
        score, decision, hits = self.judge(scored)
        return Decision(
            transaction=stamped.transaction,
            score=score,
            decision=decision,
            source=Source(topic, stamped.partition, stamped.offset),
            reasons=hits,
            features={name: _scalar(ruleset.kind(name), value) for name, value in scored.values.items()},
            ruleset_version=ruleset.version,
            ruleset_hash=ruleset.hash,
            late=stamped.late,
            saturated=scored.saturated,
        )

    def judge(self, scored: Scored) -> tuple[int, str, tuple[Hit, ...]]:
        """Score, decision and rules fired of an event from the reference, without the rest of a decision."""
        return self.score(self._values(scored))

    def _values(self, scored: Scored) -> list[Any]:
        features, transaction = self._ruleset.features, scored.stamped.transaction
        inputs = self._ruleset.inputs
        return [scored.values.get(name) if name in features else transaction.get(name) for name in inputs]

    def _score(self, fired: int, values: Sequence[Any]) -> tuple[int, str, tuple[Hit, ...]]:
        rules = []
        while fired:
            lowest = fired & -fired
            rules.append(self._ruleset.rules[lowest.bit_length() - 1])
            fired ^= lowest
        score = max(0, min(MAX_SCORE, sum(rule.points for rule in rules)))
        hits = tuple(Hit(rule.name, rule.points, self._text(rule.reason, values)) for rule in rules)
        return score, self._decision(score), hits

    def _decision(self, score: int) -> str:
        thresholds = self._ruleset.thresholds
        if score >= thresholds.block:
            return "block"
        return "review" if score >= thresholds.review else "approve"

    def _text(self, reason: Reason, values: Sequence[Any]) -> str:
        return "".join(
            written(part.kind, values[self._index[part.name]]) if isinstance(part, Name) else part
            for part in reason.parts
        )

    def _tail(self, fired: int, values: Sequence[Any]) -> bytes:
        return encode_tail(*self._score(fired, values), self._ruleset.version, self._ruleset.hash)


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


def _compile(ruleset: RuleSet) -> dict[str, Any]:
    variables = {name: f"v{index}" for index, name in enumerate(ruleset.inputs)}
    compiler = ConditionCompiler(variables.__getitem__)
    # JSON tells 5 from 5.0, the language does not: further fields become doubles before they are compared.
    body = [
        f"if {variable}.__class__ is int: {variable} = float({variable})"
        for name, variable in variables.items()
        if ruleset.kind(name) is Kind.ANY
    ]
    body.append("fired = 0")
    for number, rule in enumerate(ruleset.rules):
        body.append(f"if {compiler.source(rule.condition)}: fired |= {1 << number}")
    source = _FUNCTIONS.format(
        variables="".join(f"{variable}, " for variable in variables.values()),
        body="\n".join(f"    {line}" for line in body),
        nested_body="\n".join(f"        {line}" for line in body),
    )
    namespace = dict(compiler.constants)
    exec(compile(source, f"<rule set {ruleset.hash[:12]}>", "exec"), namespace)
    return namespace
