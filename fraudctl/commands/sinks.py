"""`fraudctl sinks`: the writers that carry decisions from the log into each store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _completion, _options
from fraudctl.commands import dlq as letters
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.decisions import notifications
from fraudctl.engines import writers
from fraudctl.errors import Unhealthy

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A sink, as sinks list names it.", autocompletion=_completion.sinks),
]
_HEALTHY = ("running", "paused")


def register(app: typer.Typer) -> None:
    noun = App(help="The writers that feed each store.")
    noun.command("list")(list_)
    noun.command("status")(status)
    noun.command("pause")(pause)
    noun.command("resume")(resume)
    noun.command("rewind")(rewind)
    noun.command("dlq")(dlq)
    app.add_typer(noun, name="sinks")


def list_() -> Result:
    """List the sinks of this stack and where they write.

    Example: fraudctl sinks list
    """
    found = writers.describe(engines.current())
    rows = [(one["name"], one["address"], one["dead_letter_topic"], _settings(one)) for one in found]
    table = Table("", ("sink", "writes to", "dead letters", "settings"), rows)
    return Result(f"{len(found)} sinks", {"sinks": found}, tables=(table,) if rows else ())


def status() -> Result:
    """Show each sink's state, how far behind the log it is, what it could not store, who was not told.

    Example: fraudctl sinks status --json
    """
    running = engines.current()
    found = writers.status(running)
    columns = ("name", "state", "lag", "written", "superseded", "retried", "dead_letters", "last_error")
    told = [one.as_document() for one in found]
    rows = [[_cell(one[column]) for column in columns] for one in told]
    table = Table("", ("sink", *(column.replace("_", " ") for column in columns[1:])), rows)
    ill = [one.name for one in found if one.state not in _HEALTHY]
    lag = sum(one.lag for one in found)
    summary = f"not well: {', '.join(ill)}" if ill else f"{len(found)} sinks, {lag} records behind in all"
    open_ones, words = _notifications(running)
    data = {"sinks": told, "notifications": open_ones}
    return Result(summary + words, data, 3 if ill else 0, (table,) if rows else ())


def _notifications(running: Stack) -> tuple[dict[str, int] | None, str]:
    """The open ones by state, and what is worth saying of them."""
    try:
        counts = notifications.counts(running)
    except Unhealthy as error:
        return None, f"; {error.message}"
    open_ones = [f"{count} {state}" for state, count in (counts or {}).items() if count]
    hint = " (see: fraudctl notify status)" if counts and counts["unknown"] + counts["refused"] else ""
    return counts, f"; notifications: {', '.join(open_ones)}{hint}" if open_ones else ""


def pause(name: Name) -> Result:
    """Make a sink stop writing; it keeps its place in the log, also over a restart.

    Example: fraudctl sinks pause postgres
    """
    changed = writers.pause(engines.current(), name)
    words = "is paused" if changed else "was paused already"
    return Result(f"{name} {words}; go on with: fraudctl sinks resume {name}", {"sink": name, "paused": True})


def resume(name: Name) -> Result:
    """Let a paused sink go on from where it stopped.

    Example: fraudctl sinks resume postgres
    """
    changed = writers.resume(engines.current(), name)
    words = "goes on" if changed else "was not paused"
    return Result(f"{name} {words}", {"sink": name, "paused": False})


def rewind(
    name: Name,
    to: Annotated[
        str, typer.Option("--to", metavar="PLACE", help="earliest, latest, a time, an age, or 0:12,1:34.")
    ],
    yes: _options.Yes = False,
) -> Result:
    """Make a sink read the log again from another place. What it already stored stays as it is.

    Going forward leaves out what lies between; verify names it as missing.

    Example: fraudctl sinks rewind parquet --to earliest --yes
    """
    running = engines.current()
    writers.check(running, name)
    offsets = writers.destination(running, to)
    if not yes:
        _asking.confirm(f"Let {name} go on from {to} ({_places(offsets)})?")
    with progress(f"rewinding {name}"):
        before = writers.rewind(running, name, offsets)
    data = {
        "sink": name,
        "offsets": {str(partition): offset for partition, offset in offsets.items()},
        "before": {str(partition): offset for partition, offset in before.items()},
    }
    rows = [(p, before.get(p, "none"), offset) for p, offset in sorted(offsets.items())]
    table = Table("", ("partition", "was at", "goes on from"), rows)
    return Result(f"{name} goes on from {to}", data, tables=(table,))


def dlq(
    name: Name,
    retry: Annotated[bool, typer.Option("--retry", help="Send them to the decisions topic again.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show the newest so many.")] = 100,
    yes: _options.Yes = False,
) -> Result:
    """List what a sink's store has refused for good, or send it once more.

    Example: fraudctl sinks dlq postgres --retry
    """
    writers.check(engines.current(), name)
    if retry:
        return letters.retry(None, all_=True, yes=yes, sink=name)
    return letters.list_(sink=name, limit=limit)


def _settings(one: writers.Described) -> str:
    return " ".join(f"{name}={value}" for name, value in one["settings"].items())


def _cell(value: object) -> object:
    return "" if value is None else value


def _places(offsets: dict[int, int]) -> str:
    return ", ".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items()))
