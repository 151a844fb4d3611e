"""`fraudctl topics grow`: more partitions of the transactions topic."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _options
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.jobs import growth

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


def register(app: typer.Typer) -> None:
    topics = App(help="The topics of the stack.")
    topics.command("grow")(grow)
    app.add_typer(topics, name="topics")


def grow(
    partitions: Annotated[int, typer.Argument(min=2, max=256, help="How many there shall be.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, change nothing.")
    ] = False,
    yes: _options.Yes = False,
    wait: _options.Wait = 180.0,
) -> Result:
    """Give the transactions topic, and those that follow it, more partitions. No window is lost.

    Users move to other partitions. The job is stopped with a savepoint and goes on from it as a new run. That
    takes some seconds, in which nothing is decided and nothing is lost. It cannot be taken back.

    Example: fraudctl topics grow 12 --dry-run
    """
    here = engines.current()
    if engines.of(here).is_elsewhere:
        raise UsageError("not where the job is a cluster of its own", hint="see docs/kubernetes.md")
    made = growth.plan(here, partitions)
    table = Table("", ("step", "what"), list(enumerate(made.steps(), 1)))
    effect = f"{made.topic} gets {made.after} partitions instead of {made.before[made.topic]}"
    if dry_run:
        data = made.as_document() | {"dry_run": True}
        return Result(f"{effect}; nothing is changed", data, tables=(table,))
    if not yes:
        _asking.confirm(f"{effect}, for ever. Do it?")
    with progress("growing") as shown:
        found = growth.apply(here, made, lambda program: _restart(here, program, wait), wait, shown)
    data = found.as_document() | {"dry_run": False}
    return Result(f"{made.topic} has {made.after} partitions{_said(found)}", data, tables=(table,))


def _restart(here: Stack, program: str, wait_s: float) -> None:
    """Where this stack has it."""
    with suppress(UsageError):
        engines.of(here).restart(here, program, wait_s)


def _said(found: growth.Growth) -> str:
    run = (
        f"; the job reads all of them, as run {found.run}" if found.run else "; the job is stopped, as before"
    )
    unsure = f"; {found.unsure} events came so early that a replay may order them otherwise"
    return run + (unsure if found.unsure else "")
