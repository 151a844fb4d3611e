"""Hands a verb of `fraudctl rules` over to where Kafka is reached, with the files that it names.

Nothing of this machine travels but these files and who asks: the words are made anew, of what was understood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl import engines
from fraudctl.commands import _nearby
from fraudctl.engines import nearby
from fraudctl.errors import Failed, UsageError
from fraudctl.home import rulesets, stack
from fraudctl.jobs import activations

if TYPE_CHECKING:
    from fraudctl.console.result import Result
    from fraudctl.home.stack import Stack
    from fraudctl.jobs.rules_log import Carried
    from pipeline.rules.ruleset import RuleSet

BEGIN_S = 300.0
"""what a pod may take until it runs, beside what the command was given"""
_GATE = "gate.yaml"
Given = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Named:
    """What a verb is about, as the words over there name it, and its file where that comes from here."""

    words: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def named(name: str) -> Named:
    """The rule set of this machine by that name; where it has none, one that was in force is meant.

    UsageError with every problem of one that is not sound.
    """
    try:
        found: RuleSet = rulesets.find(name, stack.home_dir())[0]
    except UsageError as error:
        if error.code == "no_rule_set":
            return Named([name])
        raise
    file = f"{found.hash}.json"
    return Named([file], {file: json.dumps(found.content, ensure_ascii=False)})


def is_asked(key: Path | None = None) -> bool:
    """Whether the verb runs there: the stack of the home is one whose Kafka need not be reached from here.

    With a key of this machine it runs here, and only the topic is carried (`carried`).
    """
    found = stack.read(stack.home_dir())
    return key is None and found is not None and nearby.needed(found) is not None


def carried(here: Stack) -> Carried | None:
    """The topic of rules by way of the place that reaches it; None where that is this machine.

    Failed where this home does not know whose changes count.
    """
    engine = nearby.needed(here)
    if not isinstance(engine, nearby.Rules):
        return None
    if here.profile.signing.trusted is None:
        said = "this home does not know whose changes of the rules count"
        raise Failed(said, hint="name them in the values, as `trusted`, and run: fraudctl up")
    return engine.rules_log(here, BEGIN_S)


def answer(
    verb: str,
    arguments: Sequence[str] = (),
    options: Mapping[str, Given] | None = None,
    files: Mapping[str, str] | None = None,
    wait_s: float | None = None,
) -> Result:
    """What `fraudctl rules VERB …` answers there. Raises NotRunning, UsageError, Failed."""
    words = ["rules", verb, *(word for name, one in (options or {}).items() for word in _option(name, one))]
    return _nearby.rules(engines.current(), [*words, *arguments], files or {}, wait_s or _nearby.WAIT_S)


def changed(
    verb: str, what: Named | None, reason: str | None, wait: float, options: Mapping[str, Given] | None = None
) -> Result:
    """The same of a verb that changes the live rules; `wait` is how long it may wait until it is in force."""
    activations.Signature(reason).because()
    asked = what or Named()
    given = {**(options or {}), "reason": reason, "wait": wait}
    return answer(verb, asked.words, given, asked.files, wait + BEGIN_S)


def vouched(reason: str) -> Result:
    """The same of the verb that vouches for all records, which waits for nothing."""
    activations.Signature(reason).because()
    return answer("adopt", options={"reason": reason}, wait_s=BEGIN_S)


def gated(gate: Path | None) -> Named | None:
    """What a promotion is about: the limits in that file."""
    if gate is None:
        return None
    return Named(["--gate", _GATE], {_GATE: gate.read_text(encoding="utf-8")})


def _option(name: str, given: Given) -> list[str]:
    if given is None or given is False:
        return []
    return [f"--{name}"] if given is True else [f"--{name}={given}"]
