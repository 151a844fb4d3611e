"""`fraudctl job`: submit, stop, status, savepoint, rescale the live job, reset its offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _options
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.engines import live_job
from fraudctl.jobs import live_answers, put_aside, reset

if TYPE_CHECKING:
    from fraudctl.jobs.live_answers import Ended, FlinkJob, LiveStatus


def register(app: typer.Typer) -> None:
    job = App(help="The live scoring job.")
    job.command("submit")(submit)
    job.command("stop")(stop)
    job.command("status")(status)
    job.command("savepoint")(savepoint)
    job.command("rescale")(rescale)
    job.command("reset-offsets")(reset_offsets)
    app.add_typer(job, name="job")


def submit(
    restore: Annotated[
        str, typer.Option("--from", help="latest, none (a new run over the whole log) or a savepoint's path.")
    ] = "latest",
    wait: _options.Wait = 180.0,
) -> Result:
    """Start the job, from the newest savepoint or retained checkpoint unless told otherwise.

    Example: fraudctl job submit --from latest
    """
    with progress("starting the job") as shown:
        found = live_job.of(engines.current()).start(wait, shown, restore)
    return answer(f"the job runs{_origin(found)}", found)


def stop(
    no_savepoint: Annotated[
        bool, typer.Option("--no-savepoint", help="Cancel; the newest checkpoint is what it resumes from.")
    ] = False,
    wait: _options.Wait = 180.0,
) -> Result:
    """Stop the job with a savepoint; it stays stopped until `job submit` or `up`.

    Example: fraudctl job stop
    """
    with progress("stopping the job") as shown:
        found = live_job.of(engines.current()).stop(wait, shown, not no_savepoint)
    if found["job_id"] is None:
        kept = f"; go on from savepoint {found['savepoint']} with: fraudctl job submit"
        return Result(f"the job was not running{kept if found['savepoint'] else ''}", found)
    return Result(f"the job stopped{_where(found)}; go on with: fraudctl job submit", found)


def status() -> Result:
    """Show the job: wanted and real state, tasks, checkpoints, what it was restored from.

    Example: fraudctl job status --json
    """
    here = engines.current()
    aside = None if engines.of(here).is_elsewhere else put_aside.of(here)
    found = live_job.of(here).status()
    shown = answer(live_answers.words(found), found)
    tables = (*shown.tables, *put_aside.tables(aside))
    data = {**found, "rules_put_aside": put_aside.documents(aside)}
    return Result(
        put_aside.with_count(shown.summary, aside), data, 0 if live_answers.is_as_wanted(found) else 3, tables
    )


def savepoint(wait: _options.Wait = 180.0) -> Result:
    """Take a savepoint while the job goes on.

    Example: fraudctl job savepoint
    """
    with progress("taking a savepoint") as shown:
        found = live_job.of(engines.current()).savepoint(wait, shown)
    return Result(f"savepoint: {found['savepoint']}", found)


def rescale(
    parallelism: Annotated[int, typer.Argument(min=1, help="Number of parallel subtasks.")],
    wait: _options.Wait = 180.0,
) -> Result:
    """Go on at another parallelism: stop with a savepoint, start from it.

    Example: fraudctl job rescale 2
    """
    with progress("rescaling the job") as shown:
        found = live_job.of(engines.current()).rescale(parallelism, wait, shown)
    return answer(f"the job runs at parallelism {parallelism}{_origin(found)}", found)


def reset_offsets(
    to: Annotated[
        str, typer.Option("--to", metavar="PLACE", help="earliest, latest, a time, an age, or 0:12,1:34.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, change nothing.")
    ] = False,
    yes: _options.Yes = False,
) -> Result:
    """Make the next submit a new run without state, which decides from another place in the log on.

    It reads further back to warm the windows; what it decides meanwhile is not written. Its decisions replace
    those that stand for the same events. The job must be stopped.

    Example: fraudctl job reset-offsets --to 2026-11-23T12:00:00Z --dry-run
    """
    here = engines.current()
    if not dry_run:
        reset.refuse_running(here)
    made = reset.plan(here, to)
    rows = [
        (p, made.start[p], made.emit_from[p], made.end[p], made.emit_from[p] - made.start[p])
        for p in sorted(made.end)
    ]
    columns = ("partition", "reads from", "decides from", "end of the log", "to warm up")
    table = Table(made.topic, columns, rows)
    effect = f"a new run decides {made.decides} records; {made.warm_up} before them warm its windows"
    data = made.as_document() | {"dry_run": dry_run}
    if dry_run:
        return Result(f"{effect}; nothing is changed", data, tables=(table,))
    if not yes:
        _asking.confirm(f"{effect}. Drop the state, and begin there at the next submit?")
    reset.apply(here, made)
    return Result(f"{effect}; begin with: fraudctl job submit", data, tables=(table,))


def answer(summary: str, found: LiveStatus) -> Result:
    """The job as it is, without what whoever runs it does not say."""
    flink = found["flink"]
    stopped = [(one["rule"], one["place"], one["version"], one["reason"]) for one in found["stopped_plugins"]]
    plugins = Table("Plug-ins that are not called any more", ("rule", "plug-in", "version", "why"), stopped)
    tasks = Table("tasks", ("task", "parallelism", "state"), _tasks(flink) if flink else [])
    tables = tuple(table for table in (tasks, plugins) if table.rows)
    checkpoints = flink["checkpoints"] if flink else None
    if checkpoints and checkpoints["completed"] is not None:
        summary += f"; {checkpoints['completed']} checkpoints complete, {checkpoints['failed']} failed"
    return Result(summary, found, tables=tables)


def _tasks(flink: FlinkJob) -> list[tuple[str, int, str]]:
    return [(task["name"], task["parallelism"], task["state"]) for task in flink["tasks"]]


def _origin(found: LiveStatus) -> str:
    restored = found["keeper"]["restored_from"]
    damaged: Sequence[str] = found["keeper"]["passed_over"] or ()
    newer = f", as {len(damaged)} newer damaged: {damaged[0]}" if damaged else ""
    return f" from {restored}{newer}" if restored else " from the start of the log"


def _where(found: Ended) -> str:
    return f", savepoint {found['savepoint']}" if found["savepoint"] else " without a savepoint"
