"""`fraudctl rules apply | pause | rollback`: what changes the live rules."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands.rules import _elsewhere
from fraudctl.commands.rules._asked import KeyFile, Reason, Restart, RuleSetName, Wait
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.errors import UsageError
from fraudctl.home import rulesets, stack
from fraudctl.jobs import activations, approvals
from fraudctl.rules import changes, once
from pipeline.records import quantities, wording
from pipeline.rules import lint as linting
from pipeline.rules import ruleset

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.jobs.activations import Signature
    from fraudctl.jobs.approvals import Waiting
    from fraudctl.rules.changes import Changed, Decide
    from pipeline.rules.ruleset import RuleSet


def apply(
    name: RuleSetName,
    effective_from: Annotated[
        str | None,
        typer.Option("--effective-from", metavar="TIME", help="In force from then on, not at once."),
    ] = None,
    reason: Reason = None,
    key: KeyFile = None,
    restart: Restart = False,
    wait: Wait = 60.0,
) -> Result:
    """Put a rule set into force for every event due from a second on, without touching the job.

    Example: fraudctl rules apply mine.yaml --reason "more weight on new devices"
    """
    at = _time(effective_from)
    if _elsewhere.is_asked(key):
        given = {"effective-from": effective_from, "restart": restart}
        return _elsewhere.changed("apply", _elsewhere.named(name), reason, wait, given)
    ruleset, here = sound(name), engines.current()
    changes.refuse_stopped(here.paths.plugins, ruleset)
    if restart:
        add_steps(here, ruleset, wait, ("apply", name))
    return answer(changed(here, changes.apply(ruleset, at), wait, activations.Signature(reason, key)))


def pause(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    reason: Reason = None,
    key: KeyFile = None,
    wait: Wait = 60.0,
) -> Result:
    """Take one rule out of the live rule set; back with: fraudctl rules rollback.

    Example: fraudctl rules pause ip_burst
    """
    if _elsewhere.is_asked(key):
        return _elsewhere.changed("pause", _elsewhere.Named([rule]), reason, wait)
    return answer(changed(engines.current(), changes.pause(rule), wait, activations.Signature(reason, key)))


def rollback(reason: Reason = None, key: KeyFile = None, wait: Wait = 60.0) -> Result:
    """Put the rule set into force that was live before; once more goes one further back.

    Example: fraudctl rules rollback
    """
    if _elsewhere.is_asked(key):
        return _elsewhere.changed("rollback", None, reason, wait)
    here = engines.current()
    decide = once.once(here.home, "rollback", changes.rollback)
    return answer(changed(here, decide, wait, activations.Signature(reason, key)))


def add_steps(here: Stack, ruleset: RuleSet, wait: float, asked: tuple[str, str]) -> None:
    """Restart the job with the steps that the rule set needs, if it lacks one; `asked` is verb and name.

    Where an operator starts the job nothing is: a rule set that needs a step is refused then.
    """
    if not here.is_kept:
        return
    command = shlex.join(["fraudctl", "rules", *asked, "--restart"])
    with progress("restarting the job") as shown:
        if changes.restart_with(here, ruleset, wait, shown, command):
            say("the job was restarted from a savepoint with the steps the rule set needs")


def changed(here: Stack, decide: Decide, wait: float, by: Signature) -> Changed | Waiting:
    """Activate it and wait, with progress; or propose it to those who must approve."""
    with progress("activating") as shown:
        return changes.change(here, decide, wait, shown, by, _elsewhere.carried(here))


def sound(name: str) -> RuleSet:
    """The rule set of that name; refused with every line and reason, warnings are said."""
    file = rulesets.locate(name, stack.home_dir())
    try:
        loaded = rulesets.load(file)
    except ruleset.RuleSetError as error:
        raise UsageError(
            f"{file} is not applied:\n  " + "\n  ".join(str(error).splitlines()),
            hint=f"see also: fraudctl rules lint {shlex.quote(str(file))}",
            code="ruleset",
        ) from error
    for problem in linting.lint(loaded):
        say(f"warning: {problem}")
    return loaded


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else quantities.parse_time(text)
    except quantities.Refusal as refusal:
        raise UsageError(
            f"--effective-from {text}: {refusal.detail}", hint="write 2026-01-31T00:00:00Z"
        ) from None


def answer(changed: Changed | Waiting) -> Result:
    """What is in force, will be, or waits for others."""
    if isinstance(changed, approvals.Waiting):
        missing = changed.wanted - len(changed.approved)
        summary = f"{changed.name} waits for {wording.counted(missing, 'approval')} of others: "
        return Result(f"{summary}fraudctl rules approve {changed.offset}", changed.as_document())
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
    elif changed.job_runs is not None:
        why = "no traffic" if changed.job_runs else "the job does not run"
        rows.append(("first decision", f"none yet: {why}"))
    return Result(summary, document, tables=(Table("", ("", ""), rows),))
