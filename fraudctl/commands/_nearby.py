"""Hands a command over to where Kafka and the stores are, and gives its answer as if it had run here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fraudctl.console import options
from fraudctl.console.progress import progress
from fraudctl.console.result import Result
from fraudctl.engines import nearby
from fraudctl.errors import Failed

if TYPE_CHECKING:
    from fraudctl.engines.contract import Ended
    from fraudctl.home.stack import Stack

WAIT_S = 3_600.0


def answer(stack: Stack) -> Result | None:
    """What the command that was given answers there; None where it has to run here."""
    engine = nearby.needed(stack)
    if engine is None:
        return None
    with progress("waiting for the command in the cluster"):
        ended = engine.near(stack, given(), WAIT_S)
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
