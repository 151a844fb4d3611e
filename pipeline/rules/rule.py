"""One rule of a rule set: when it fires, how many points that counts, and the sentence that tells why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard

from pipeline.rules.expression.parse import ExpressionError, parse
from pipeline.rules.expression.tree import ALWAYS, Condition, Names, names_in
from pipeline.rules.feature import Complain
from pipeline.rules.plugins.declared import read_plugin
from pipeline.rules.plugins.source import Plugin
from pipeline.rules.reason import Reason, TemplateError, read_reason
from pipeline.settings.document import Content

MAX_POINTS: Final = 100
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What rules, features and lists are called."""

_KEYS: Final = ("when", "plugin", "uses", "model", "points", "reason")


@dataclass(frozen=True, slots=True)
class Rule:
    """If `condition` holds, `points` count and `reason` tells why. `when` is the text of the condition.

    With a plug-in `condition` says only when it is asked; it decides, and may give fewer points and a
    sentence of its own. `when` then ends with the plug-in's place.
    """

    name: str
    when: str
    condition: Condition
    points: int
    reason: Reason
    plugin: Plugin | None = None
    asked: tuple[str, ...] = ()
    """what the words that the plug-in uses mean, one by one"""

    @property
    def names(self) -> frozenset[str]:
        """The fields and features that decide whether it fires."""
        return frozenset(self.asked).union(name.name for name in names_in(self.condition))


def read_rule(
    name: str, declared: object, content: Content, names: Names, complain: Complain, is_recorded: bool = False
) -> Rule | None:
    """The rule as it is declared in a rule set of that content; None when what is wrong leaves none."""
    if not NAME.fullmatch(name):
        complain((), "a rule's name is lower-case letters, digits and _")
    if not isinstance(declared, Mapping):
        complain((), "a rule is a mapping with when, points and reason")
        return None
    for key in declared:
        if key not in _KEYS:
            complain((str(key),), f"unknown; known are {', '.join(_KEYS)}")
    points = _points(declared.get("points"), complain)
    reason = _reason(declared.get("reason", name.replace("_", " ")), names, complain)
    condition = _condition(declared, names, complain)
    if "plugin" not in declared:
        for key in ("uses", "model"):
            if key in declared:
                complain((key,), "belongs to a plug-in: name one with plugin")
        return Rule(name, str(declared["when"]), condition, points, reason) if condition else None
    plugin = read_plugin(declared, content, names, complain, is_recorded)
    if plugin is None or condition is None:
        return None
    when = f"{declared['when']} and {plugin.place}" if "when" in declared else plugin.place
    asked = tuple(found.name for word in plugin.uses if (found := names.resolve(word)))
    return Rule(name, when, condition, points, reason, plugin, asked)


def _condition(declared: Mapping[str, object], names: Names, complain: Complain) -> Condition | None:
    when = declared.get("when")
    if "when" not in declared and "plugin" in declared:
        return ALWAYS
    try:
        if not isinstance(when, str):
            raise ExpressionError("when is a text such as amount > 5", 1)
        return parse(when, names)
    except ExpressionError as error:
        complain(("when",), str(error))
        return None


def _points(points: object, complain: Complain) -> int:
    if is_whole(points) and abs(points) <= MAX_POINTS:
        return points
    complain(("points",), f"must be a whole number from -{MAX_POINTS} to {MAX_POINTS}")
    return 0


def _reason(template: object, names: Names, complain: Complain) -> Reason:
    try:
        return read_reason(template, names)
    except TemplateError as error:
        complain(("reason",), str(error))
        return Reason(())


def is_whole(value: object) -> TypeGuard[int]:
    """A whole number; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)
