"""Which names the rules of a set read of an event: its fields, features, and what is built in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.rules.expression.tree import BUILT_IN, FIELD_KINDS
from pipeline.rules.feature import Feature
from pipeline.rules.rule import Rule


def inputs_of(
    rules: Iterable[Rule], features: Mapping[str, Feature], fields: Sequence[str]
) -> tuple[str, ...]:
    """What conditions and reasons mention: fields, further fields, features, then what is built in."""
    used = {name for rule in rules for name in rule.names}
    used |= {name.name for rule in rules for name in rule.reason.names}
    names = (*FIELD_KINDS, *fields, *features)
    return tuple(name for name in (*names, *built_in_of(BUILT_IN, features, fields)) if name in used)


def built_in_of(
    names: Iterable[str], features: Mapping[str, Feature], fields: Sequence[str]
) -> tuple[str, ...]:
    """Those of the names that are built in and not taken by a feature or a further field."""
    return tuple(name for name in names if name in BUILT_IN and name not in features and name not in fields)
