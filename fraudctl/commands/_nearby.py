"""Hands a command over to where Kafka and the stores are, and gives its answer as if it had run here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fraudctl.console import options
from fraudctl.console.progress import progress
from fraudctl.console.result import Result
from fraudctl.console.streams import say
from fraudctl.engines import nearby
from fraudctl.errors import Failed, UsageError

if TYPE_CHECKING:
    from fraudctl.engines.contract import Ended
    from fraudctl.home.stack import Stack
    from pipeline.rules.ruleset import RuleSet

WAIT_S = 3_600.0


def answer(stack: Stack) -> Result | None:
    """What the command that was given answers there; None where it has to run here."""
    engine = nearby.needed(stack)
    if engine is None:
        return None
    with progress("waiting for the command in the cluster"):
        ended = engine.near(stack, given(), WAIT_S)
    return _told(ended)


def replayed(
    stack: Stack, rule_sets: Mapping[str, RuleSet | None], wait_s: float, needs_flink: bool
) -> Result | None:
    """The same of a replay, which is given these rule sets, by the names that its words have for them.

    None as a rule set is one that is not here: it is looked for there. UsageError where an engine cannot.
    """
    engine = nearby.needed(stack)
    if engine is None:
        return None
    if not isinstance(engine, nearby.Replays):
        raise UsageError(
            f"the engine {stack.engine} has no replay",
            hint="run it on a machine that reaches Kafka and a Flink",
        )
    found = {name: one for name, one in rule_sets.items() if one is not None}
    words = renamed(given(), {name: one.hash for name, one in found.items()})
    with progress("waiting for the replay in the cluster"):
        contents = [one.content for one in found.values()]
        ended = engine.replay(stack, words, contents, wait_s, needs_flink)
    return _told(ended)


def rules(stack: Stack, words: Sequence[str], files: Mapping[str, str], wait_s: float) -> Result:
    """What words about the rules answer there, which name these files. UsageError where an engine cannot."""
    engine = nearby.needed(stack)
    if not isinstance(engine, nearby.Rules):
        raise UsageError(
            f"the engine {stack.engine} hands no command about rules over",
            hint="run it on a machine that reaches Kafka",
        )
    try:
        with progress("waiting for the command in the cluster"):
            ended = engine.rules(
                stack, [*words, *(["--json"] if options.current().json else [])], files, wait_s
            )
    except KeyboardInterrupt:
        say("whether it came into force tells: fraudctl rules history")
        raise
    return _told(ended)


def renamed(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """The words with other names: a file of this machine is none there."""
    made = []
    for word in words:
        option, is_one, value = word.partition("=")
        if is_one and option.startswith("--"):
            made.append(f"{option}={names.get(value, value)}")
        else:
            made.append(names.get(word, word))
    return made


def asked(stack: Stack, words: Sequence[str]) -> Mapping[str, Any]:
    """The data that other words answer there. Raises Failed, with what they failed with too."""
    engine = nearby.needed(stack)
    assert engine is not None
    with progress("waiting for the cluster"):
        ended = engine.near(stack, [*words, "--json"], WAIT_S)
    data = _of_json(ended).data
    assert isinstance(data, Mapping)
    return data


def _told(ended: Ended) -> Result:
    return _of_json(ended) if options.current().json else _of_text(ended)


def given() -> list[str]:
    """The words of the command line without those about the home, which is another one there."""
    words, found = iter(options.current().arguments), []
    for word in words:
        if word == "--home":
            next(words, None)
        elif not word.startswith("--home="):
            found.append(word)
    return found


def _of_text(ended: Ended) -> Result:
    lines = iter(ended.output.rstrip("\n").splitlines())
    return Result("", lines, exit_code=ended.exit_code)


def _of_json(ended: Ended) -> Result:
    try:
        told = json.loads(ended.output)
        error = told["error"]
        if error:
            raise Failed(error["message"], error["hint"], error["code"], ended.exit_code)
        return Result(told["summary"], told["data"], ended.exit_code)
    except (ValueError, KeyError, TypeError):
        said = ended.output.strip()[-500:]
        raise Failed(f"the command there gave no answer: {said}", hint="try it without --json") from None
