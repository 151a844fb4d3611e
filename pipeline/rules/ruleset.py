"""A rule set: content with a version and a hash, checked whole, and what the kernel is to compute for it.

Knows the shape of the document and its limits; knows nothing of events, clusters or stores.

The document has `version`, `features`, `rules`, `thresholds` ({review, block}), and optionally `lists` (name
to constants of one kind), `fields`, `settings` and `rates` (see `words`) and `tests` (see
`scoring/cases.py`). A rule with logic names a function (`plugin`, see `plugins/declared.py`); sources and
models of plug-ins are part of the content, and so are the changes of the zone that settings name (see
`zones`). Order within a mapping means nothing: rules come by points, the most first, then by name. The hash
is of the content with sorted keys, without `tests`: they say what the rules do and change nothing of it, so
a case may be added without a new version. `RuleSet.content`, which jobs carry and stores keep, has no tests
either.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Final

from pipeline.rules import zones
from pipeline.rules.currencies import over_amounts
from pipeline.rules.derived import Derived
from pipeline.rules.expression.tree import (
    BUILT_IN,
    FIELD_KINDS,
    Items,
    Kind,
    Names,
    constant_of,
    is_clean_text,
)
from pipeline.rules.feature import CLOCKS, Complain, Feature, read_feature
from pipeline.rules.inputs import built_in_of, inputs_of, looked_at
from pipeline.rules.names import is_free
from pipeline.rules.plan import MAX_WHERES, Plan
from pipeline.rules.plan import PlanSettings as PlanSettings
from pipeline.rules.planning import Needs, build_plan, wheres_of
from pipeline.rules.plugins.declared import MAX_PLUGIN_RULES, SECTIONS, embedded
from pipeline.rules.problem import Problem as Problem
from pipeline.rules.problem import RuleSetError as RuleSetError
from pipeline.rules.rule import MAX_POINTS, NAME, Rule, is_whole, read_rule
from pipeline.rules.words import Words, read_words
from pipeline.settings.document import Content, Document, DocumentError, Path, read_file

MAX_RULES: Final = 500
MAX_FEATURES: Final = 300
MAX_PROBLEMS: Final = 5_000
MAX_VERSION_LENGTH: Final = 100

_SECTIONS: Final = (
    *("version", "features", "rules", "thresholds", "lists", "fields", "settings", "rates", "tests"),
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores from which a decision is review, and from which it is block."""

    review: int
    block: int


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A checked rule set. `features` by name and `rules` come in the order in which they are reported."""

    version: str
    hash: str
    content: Content
    features: Mapping[str, Feature]
    rules: tuple[Rule, ...]
    thresholds: Thresholds
    lists: Mapping[str, Items]
    fields: tuple[str, ...] = ()
    currency: str | None = None
    inputs: tuple[str, ...] = ()
    built_in: tuple[str, ...] = ()
    """those of the inputs that neither a transaction nor a feature says, but the log"""
    over_amounts: frozenset[str] = frozenset()
    """rules about amounts of its currency: they do not fire on an event in another one"""
    words: Words = field(default_factory=Words, compare=False, repr=False)
    derived: Mapping[str, Derived] = field(default_factory=dict, compare=False, repr=False)
    """the values made of fields that rules and features look at, by name"""
    tests: Any = field(default=None, compare=False, repr=False)
    lines: dict[Path, int] = field(default_factory=dict, compare=False, repr=False)

    def __hash__(self) -> int:
        return hash(self.hash)

    def needs(self) -> Needs:
        """What a plan must have for it."""
        return Needs(tuple(self.features.values()), self.inputs, self.built_in, self.derived)

    def plan(self, settings: PlanSettings | None = None) -> Plan:
        """What the kernel computes for this rule set."""
        return build_plan(self.needs(), settings or PlanSettings())

    def is_foreign(self, currency: object) -> bool:
        """Whether an event that names this currency, None if none, is in another one than the rule set's."""
        return None not in (self.currency, currency) and currency != self.currency

    @property
    def refused(self) -> Mapping[str, str]:
        """Rules whose plug-ins are not called, and why: of what is recorded alone."""
        asked = {rule.name: rule.plugin for rule in self.rules if rule.plugin is not None}
        return {name: f"{one.place} {one.refused}" for name, one in asked.items() if one.refused}

    def kind(self, name: str) -> Kind:
        """The kind of a field, a feature or a value made of fields."""
        if name in self.features:
            return self.features[name].kind
        if name in self.derived:
            return self.derived[name].kind
        return BUILT_IN[name] if name in self.built_in else FIELD_KINDS.get(name, Kind.ANY)

    def line(self, path: Path) -> int | None:
        """The line of a path in the file it was read from, None when it was not read from one."""
        return Document(None, self.lines).line(path)


def load(path: pathlib.Path) -> RuleSet:
    """Read a rule set from a YAML file. Raises `RuleSetError` with every problem at once."""
    try:
        document = read_file(path)
    except DocumentError as error:
        raise RuleSetError([Problem("", error.line, error.message)]) from None
    reader = _Reader(document)
    content = embedded(document.content, path.parent, reader.complain)
    document.content = zones.embedded(content, reader.complain)
    return reader.ruleset()


def parse(content: Content) -> RuleSet:
    """Read a rule set from its plain content. Raises `RuleSetError` with every problem at once."""
    return _Reader(Document(content)).ruleset()


def content_hash(content: Content) -> str:
    """The SHA-256 of the content as JSON with sorted keys, in hex."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def recorded(content: Content) -> RuleSet:
    """Read what was put into force once. As `parse`, but that a plug-in which was let pass then, and is now
    refused by its text, is kept and not called: its rule does not fire, and decisions say why.
    """
    return _Reader(Document(content), is_recorded=True).ruleset()


class _Reader:
    def __init__(self, document: Document, is_recorded: bool = False) -> None:
        self._document, self._is_recorded = document, is_recorded
        self._problems: list[Problem] = []

    @property
    def _content(self) -> Any:
        return self._document.content

    def ruleset(self) -> RuleSet:
        if not isinstance(self._content, Mapping):
            raise RuleSetError([Problem("", None, "a rule set is a mapping of version, features, rules, …")])
        for section in self._content:
            if section not in (*_SECTIONS, *SECTIONS, zones.SECTION):
                self.complain((str(section),), f"unknown; known are {', '.join(_SECTIONS)}")
        lists, words = self._lists(), read_words(self._content, self.complain)
        fields, made = tuple(words.fields), words.names()
        where_names = Names(frozenset(fields), {}, lists, allows_arithmetic=False, words=made)
        features = self._features(where_names)
        declared = self._mapping("features")
        # A broken feature is still a name: a rule that uses it is not wrong as well.
        kinds = {name: features[name].kind if name in features else Kind.ANY for name in declared}
        rules = self._rules(Names(frozenset(fields), kinds, lists, built_in=BUILT_IN, words=made))
        content = {section: value for section, value in self._content.items() if section != "tests"}
        inputs = inputs_of(rules, features, fields, words.derived.values())
        ruleset = RuleSet(
            version=self._version(),
            hash="",
            content=content,
            features=features,
            rules=rules,
            thresholds=self._thresholds(),
            lists=lists,
            fields=fields,
            currency=words.currency,
            inputs=inputs,
            built_in=built_in_of(inputs, features, fields),
            over_amounts=over_amounts(rules, features) if words.currency else frozenset(),
            words=words,
            derived=words.among((*inputs, *looked_at(features.values()))),
            tests=self._content.get("tests"),
            lines=self._document.lines,
        )
        if self._problems:
            raise RuleSetError(self._problems)
        return replace(ruleset, hash=content_hash(content))

    def complain(self, path: Path, message: str) -> None:
        self._problems.append(Problem(".".join(path), self._document.line(path), message))
        if len(self._problems) == MAX_PROBLEMS:
            rest = Problem("", 1, f"more than {MAX_PROBLEMS:,} problems: the rest was not looked at")
            raise RuleSetError([*self._problems, rest])

    def _mapping(self, section: str) -> Mapping[str, object]:
        value = self._content.get(section)
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        if value is not None:
            self.complain((section,), "must be a mapping")
        return {}

    def _version(self) -> str:
        version = self._content.get("version")
        if isinstance(version, int) and not isinstance(version, bool):
            version = str(version)
        is_text = isinstance(version, str) and is_clean_text(version)
        if not is_text or not 1 <= len(str(version)) <= MAX_VERSION_LENGTH:
            self.complain(("version",), f"must be a text of 1 to {MAX_VERSION_LENGTH} characters")
        return str(version)

    def _lists(self) -> dict[str, Items]:
        lists = {}
        for name, items in self._mapping("lists").items():
            lists[name] = self._list(("lists", name), items)
            if not is_free(name, NAME):
                self.complain(("lists", name), f"{name} cannot name a list")
        return lists

    def _list(self, path: Path, items: object) -> Items:
        constants = [constant_of(item) for item in items] if isinstance(items, list) else [None]
        sound = Items(constant for constant in constants if constant)
        if len(sound) != len(constants) or len({constant.kind for constant in sound}) > 1:
            self.complain(path, "must be a list of texts, of numbers or of truth values")
            return Items()
        return sound

    def _features(self, names: Names) -> dict[str, Feature]:
        declared = self._mapping("features")
        if len(declared) > MAX_FEATURES:
            self.complain(("features",), f"at most {MAX_FEATURES} features")
            return {}
        features = {}
        for name in sorted(declared):
            path = ("features", name)
            if not is_free(name, NAME) or name in names.fields or name in names.lists:
                self.complain(path, f"{name} cannot name a feature: taken, or not of a-z, 0-9 and _")
            feature = read_feature(name, declared[name], names, self._under(path))
            if feature:
                features[name] = feature
        for key, clock in product(sorted({one.by for one in features.values()}), CLOCKS):
            if len(wheres_of(features.values(), key, clock)) > MAX_WHERES:
                self.complain(("features",), f"more than {MAX_WHERES} different conditions by {key}")
        return features

    def _under(self, path: Path) -> Complain:
        return lambda inner, message: self.complain((*path, *inner), message)

    def _rules(self, names: Names) -> tuple[Rule, ...]:
        declared = self._mapping("rules")
        if not declared and self._content.get("rules") in (None, {}):
            self.complain(("rules",), "at least one rule is needed")
        if len(declared) > MAX_RULES:
            self.complain(("rules",), f"at most {MAX_RULES} rules")
            return ()
        asking = sum(isinstance(rule, Mapping) and "plugin" in rule for rule in declared.values())
        if asking > MAX_PLUGIN_RULES:
            self.complain(("rules",), f"at most {MAX_PLUGIN_RULES} rules with plug-ins")
            return ()
        rules = [
            read_rule(name, rule, self._content, names, self._under(("rules", name)), self._is_recorded)
            for name, rule in declared.items()
        ]
        return tuple(sorted((r for r in rules if r), key=lambda rule: (-rule.points, rule.name)))

    def _thresholds(self) -> Thresholds:
        declared = self._mapping("thresholds")
        review, block = declared.get("review", 0), declared.get("block", 0)
        if set(declared) == {"review", "block"} and is_whole(review) and is_whole(block):
            thresholds = Thresholds(review, block)
            if 1 <= thresholds.review <= thresholds.block <= MAX_POINTS:
                return thresholds
        self.complain(("thresholds",), "must be {review: R, block: B}, whole, with 1 <= R <= B <= 100")
        return Thresholds(MAX_POINTS, MAX_POINTS)
