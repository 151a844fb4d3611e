"""`fraudctl export`: the training store, made small and joined with labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _reading
from fraudctl.commands._app import App
from fraudctl.console.progress import Progress, progress
from fraudctl.console.result import Result, Table
from fraudctl.decisions import training
from fraudctl.errors import UsageError
from fraudctl.files import options, refusals
from fraudctl.traffic import labels as known_labels

Day = Annotated[str | None, typer.Option(metavar="DATE", help="An event date, YYYY-MM-DD.")]


def register(app: typer.Typer) -> None:
    noun = App(help="Decisions as training data.")
    noun.command("compact")(compact)
    noun.command("labels")(labels)
    app.add_typer(noun, name="export")


def compact(
    target_rows: Annotated[
        int, typer.Option("--target-rows", min=1_000, max=5_000_000, help="About so many rows in a file.")
    ] = 500_000,
) -> Result:
    """Make few large Parquet files of many small ones; safe while the sink writes, and to stop.

    Example: fraudctl export compact
    """
    running = engines.current()
    store = training.store_of(running)
    with progress("compacting", 1.0) as bar:
        done = training.compact(store, training.committed(running), target_rows, _tell(bar))
    data = {
        "address": running.sink_address("parquet"),
        "files_removed": done.removed,
        "files_written": done.written,
        "rows": done.rows,
        "superseded_rows": done.superseded,
    }
    if not done.written:
        return Result("nothing to compact", data)
    return Result(f"{done.removed} files became {done.written}, {done.rows} rows", data)


@_reading.with_reading_options
def labels(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The Parquet file to write.")],
    since: Day = None,
    until: Day = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Also events without a label, with an empty one.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Labels beside those of the topic.")
    ] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", metavar="FILE", help="Write every refused label there.")
    ] = None,
    *,
    reading: options.ReadOptions,
) -> Result:
    """Write a training set: each event's decision and features with its newest label.

    Example: fraudctl export labels --out training.parquet --since 2026-11-01
    """
    for day in (since, until):
        if day is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            raise UsageError(f"not a date: {day!r}", hint="write it as 2026-11-23")
    target = out.expanduser().absolute()
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", hint="make it, or name another file")
    running = engines.current()
    store = training.store_of(running)
    with progress("joining labels", 1.0) as bar:
        turned_down = refusals.Refusals(refused)
        if file is None:
            labelled = known_labels.newest(running)
        else:
            labelled, _ = known_labels.with_file(running, file, reading, turned_down)
        wanted = training.Selection(since, until, unlabelled, running.profile.masks)
        made = training.training_set(store, labelled, target, wanted, _tell(bar))
    data = {
        "file": str(made.path),
        "rows": made.rows,
        "labels": dict(made.labels),
        "labels_without_decision": made.unmatched,
        **{f"label_{name}": one for name, one in turned_down.as_document().items()},
    }
    table = Table("", ("label", "rows"), sorted(made.labels.items()))
    text = f"{made.rows} rows in {made.path}"
    if made.unmatched:
        text += f"; {made.unmatched} labels match no decision there"
    return Result(text, data, tables=((table,) if made.rows else ()) + turned_down.tables("Refused labels"))


def _tell(bar: Progress) -> Callable[[int, int], None]:
    return lambda done, total: bar.update(done / total if total else 1.0, f"{done} of {total} files")
