"""What several verbs of `fraudctl rules` ask for, and where they find it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _completion, _options
from fraudctl.console.streams import say
from fraudctl.engines import nearby
from fraudctl.errors import Unhealthy, UsageError
from fraudctl.home import rulesets, stack
from fraudctl.jobs import activations, put_aside
from fraudctl.settings import reading

if TYPE_CHECKING:
    from fraudctl.jobs.put_aside import PutAside
    from fraudctl.settings.profile import Profile
    from pipeline.scoring.activation import Activation

EXIT_PROBLEMS = 5
RuleSetName = Annotated[
    str,
    typer.Argument(
        metavar="RULES",
        help="A file, a shipped one, a version or a hash.",
        autocompletion=_completion.rule_sets,
    ),
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Restart the job if it lacks a step that the rule set needs.")
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; it is signed and kept with the change.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Sign with this Ed25519 key, not with the stack's."),
]
Wait = Annotated[float, _options.waits("Seconds to wait until it is in force.")]


def located(name: str, form: str, forms: tuple[str, ...]) -> Path:
    """The file of the rule set of that name, once the format is known to be one of those."""
    if form not in forms:
        raise UsageError(f"there is no format {form!r}", hint=f"choose {', '.join(forms)}")
    return rulesets.locate(name, stack.home_dir())


def profile_of(name: str | None) -> Profile:
    """The named profile, else the running stack's, else the default one."""
    running = engines.running() if name is None else None
    return running.profile if running else reading.load(name or "default", {}, os.environ)


def topic() -> tuple[list[Activation], list[PutAside]]:
    """Every activation of the running stack, and every record put aside.

    Neither when nothing runs, or the topic cannot be read.
    """
    here = engines.running()
    if here is None or "kafka" not in here.addresses:
        return [], []
    if nearby.needed(here) is not None:
        say("what is in force tells: fraudctl rules history")
        return [], []
    rules = activations.of(here)
    try:
        found = rules.sorted_out()
    except Unhealthy as failure:
        say(f"what is in force is not known: {failure.message}")
        return [], []
    return found.chain, put_aside.located(rules, found.aside)


def chain() -> list[Activation]:
    """Every activation of the running stack."""
    return topic()[0]


def in_force() -> str | None:
    """The hash of the rule set in force, None when nothing runs."""
    one = activations.now(chain())
    return one.hash if one else None
