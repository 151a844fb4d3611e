"""`fraudctl rules apply | pause | rollback`: what changes the live rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.commands import _completion
from fraudctl.console.result import Result, Table, progress, say

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.rules.changes import Changed, Decide
    from pipeline.rules.ruleset import RuleSet

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
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait until it is in force.")]


def add_to(rules: typer.Typer) -> None:
    rules.command("apply")(apply)
    rules.command("pause")(pause)
    rules.command("rollback")(rollback)


def apply(
    name: RuleSetName,
    effective_from: Annotated[
        str | None,
        typer.Option("--effective-from", metavar="TIME", help="In force from then on, not at once."),
    ] = None,
    restart: Restart = False,
    wait: Wait = 60.0,
) -> Result:
    """Put a rule set into force for every event due from a second on, without touching the job.

    Example: fraudctl rules apply mine.yaml
    """
    from fraudctl import engines
    from fraudctl.rules import changes

    ruleset, here = sound(name), engines.current()
    changes.refuse_stopped(here.paths.plugins, ruleset)
    at = _time(effective_from)
    if restart:
        add_steps(here, ruleset, wait)
    return answer(changed(here, changes.apply(ruleset, at), wait))


def pause(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    wait: Wait = 60.0,
) -> Result:
    """Take one rule out of the live rule set; back with: fraudctl rules rollback.

    Example: fraudctl rules pause ip_burst
    """
    from fraudctl import engines
    from fraudctl.rules import changes

    return answer(changed(engines.current(), changes.pause(rule), wait))


def rollback(wait: Wait = 60.0) -> Result:
    """Put the rule set into force that was live before; once more goes one further back.

    Example: fraudctl rules rollback
    """
    from fraudctl import engines
    from fraudctl.rules import changes

    return answer(changed(engines.current(), changes.rollback, wait))


def add_steps(here: Stack, ruleset: RuleSet, wait: float) -> None:
    """Restart the job with the steps that the rule set needs, if it lacks one."""
    from fraudctl.rules import changes

    with progress("restarting the job") as shown:
        if changes.restart_with(here, ruleset, wait, shown):
            say("the job was restarted from a savepoint with the steps the rule set needs")


def changed(here: Stack, decide: Decide, wait: float) -> Changed:
    """Activate it and wait, with progress."""
    from fraudctl.rules import changes

    with progress("activating") as shown:
        return changes.change(here, decide, wait, shown)


def sound(name: str) -> RuleSet:
    """The rule set of that name; refused with every line and reason, warnings are said."""
    from fraudctl.errors import UsageError
    from fraudctl.home import rulesets, stack
    from pipeline.rules import ruleset
    from pipeline.rules.lint import lint

    file = rulesets.locate(name, stack.home_dir())
    try:
        loaded = rulesets.load(file)
    except ruleset.RuleSetError as error:
        raise UsageError(
            f"{file} is not applied:\n  " + "\n  ".join(str(error).splitlines()),
            hint=f"see also: fraudctl rules lint {file}",
            code="ruleset",
        ) from error
    for problem in lint(loaded):
        say(f"warning: {problem}")
    return loaded


def _time(text: str | None) -> int | None:
    from fraudctl.errors import UsageError
    from pipeline.records.events import Refusal, parse_time

    try:
        return None if text is None else parse_time(text)
    except Refusal as refusal:
        raise UsageError(
            f"--effective-from {text}: {refusal.detail}", hint="write 2026-01-31T00:00:00Z"
        ) from None


def answer(changed: Changed) -> Result:
    """What is in force, or will be."""
    document = changed.as_document()
    name = f"{changed.made.version} ({changed.made.hash[:12]})"
    since = document["in_force_from"]
    if not changed.is_in_force:
        return Result(f"{name} will be in force from {since}", document)
    summary = f"{name} is in force since {since}"
    rows = [("before", changed.before.version if changed.before else None)]
    if changed.first:
        first = changed.first
        place = f"{first['event_id']} of {first['user_id']}, partition {first['partition']}"
        rows.append(("first decision", f"{first['decided_at']}: {place}, offset {first['offset']}"))
    else:
        why = "no traffic" if changed.job_runs else "the job does not run"
        rows.append(("first decision", f"none yet: {why}"))
    return Result(summary, document, tables=(Table("", ("", ""), rows),))
