"""A rules topic in memory, and what changes are made on it of."""

from __future__ import annotations

from typing import Any

from fraudctl.jobs.activations import Change
from fraudctl.rules.changes import Decide
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation
from pipeline.scoring.account import Backing
from pipeline.scoring.activation import Activation

RULES = {"small": {"when": "amount < 5", "points": 10}, "large": {"when": "amount > 500", "points": 60}}


def rules(version: str, **changes: Any) -> RuleSet:
    thresholds = {"review": 50, "block": 80}
    return parse({"version": version, "rules": RULES, "thresholds": thresholds} | changes)


class Topic:
    """A rules topic on which each change counts, a second apart."""

    def __init__(self, *changes: Decide) -> None:
        self.chain: list[Activation] = []
        self._records: list[tuple[int, int, bytes]] = []
        for change in changes:
            self.make(change)

    def make(self, decide: Decide, backing: Backing | None = None) -> Activation:
        change = decide(self.chain)
        value = activation.following(
            self.chain, change.action, change.live, change.shadow, change.effective_from_ms, backing
        )
        number = len(self._records)
        self._records.append((number, 1_000 * number, value))
        self.chain = activation.read(self._records)
        return self.chain[-1]


def first(ruleset: RuleSet) -> Decide:
    return lambda _: Change("first", ruleset)
