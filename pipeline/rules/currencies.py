"""Which rules mean amounts of the rule set's own currency, and so say nothing of events in another one.

Knows names and conditions; knows nothing of rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pipeline.rules.expression.tree import names_in
from pipeline.rules.feature import Feature
from pipeline.rules.rule import Rule

AMOUNT: Final = "amount"
CURRENCY: Final = "currency"


def over_amounts(rules: Iterable[Rule], features: Mapping[str, Feature]) -> frozenset[str]:
    """The rules that look at amounts, or at features of amounts, and do not say of which currency."""
    about = {name for name, feature in features.items() if is_about_amounts(feature)} | {AMOUNT}
    return frozenset(rule.name for rule in rules if rule.names & about and CURRENCY not in rule.names)


def is_about_amounts(feature: Feature) -> bool:
    """Whether it counts amounts, or by amounts, and does not say of which currency."""
    mentioned = {used.name for where in feature.wheres for used in names_in(where.condition)}
    return (feature.of == AMOUNT or AMOUNT in mentioned) and CURRENCY not in mentioned
