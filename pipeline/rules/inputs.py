"""Which names the rules of a set read of an event: its fields, features, and what is built in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.rules.derived import JOIN, Derived
from pipeline.rules.expression.tree import BUILT_IN, FIELD_KINDS, names_in
from pipeline.rules.feature import Feature
from pipeline.rules.rule import Rule


def inputs_of(
    rules: Iterable[Rule],
    features: Mapping[str, Feature],
    fields: Sequence[str],
    derived: Iterable[Derived] = (),
) -> tuple[str, ...]:
    """What conditions and reasons mention: fields, further fields, features, what is built in, and values
    made of fields."""
    used = {name for rule in rules for name in rule.names}
    used |= {name.name for rule in rules for name in rule.reason.names}
    names = (*FIELD_KINDS, *fields, *features)
    made = sorted(one.name for one in derived)
    return tuple(name for name in (*names, *built_in_of(BUILT_IN, features, fields), *made) if name in used)


def looked_at(features: Iterable[Feature]) -> set[str]:
    """What features read of a transaction: their keys, what they are of, and what their conditions
    mention."""
    found: set[str] = set()
    for feature in features:
        found |= {*feature.by.split(JOIN), *((feature.of,) if feature.of else ())}
        found |= {name.name for where in feature.wheres for name in names_in(where.condition)}
    return found


def built_in_of(
    names: Iterable[str], features: Mapping[str, Feature], fields: Sequence[str]
) -> tuple[str, ...]:
    """Those of the names that are built in and not taken by a feature or a further field."""
    return tuple(name for name in names if name in BUILT_IN and name not in features and name not in fields)
