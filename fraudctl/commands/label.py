"""`fraudctl label`: an analyst's verdict about an event."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _reading
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.files import options, refusals
from fraudctl.traffic import labels

if TYPE_CHECKING:
    from fraudctl.files.refusals import Limit
    from fraudctl.traffic.labels import Written


class Verdict(StrEnum):
    fraud = "fraud"
    legit = "legit"


def register(app: typer.Typer) -> None:
    app.command("label")(label)


@_reading.with_reading_options
def label(
    event_id: Annotated[str | None, typer.Argument(help="The event.")] = None,
    verdict: Annotated[Verdict | None, typer.Argument(help="What it was.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Its user; without, the decisions are searched for it.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Many labels: event_id, label, perhaps user_id, label_time, by."),
    ] = None,
    refused: _reading.Refused = None,
    max_refused: _reading.MaxRefused = None,
    *,
    reading: options.ReadOptions,
) -> Result:
    """Write an analyst's verdict to the labels topic, or a file of them.

    Example: fraudctl label ip-burst-05b87a91-0001234 fraud
    """
    if file is not None and event_id is None and user is None:
        limit = refusals.limit(max_refused)
        done = labels.write_file(engines.current(), file, reading, refusals.Refusals(refused))
        return _answer(file, done, limit)
    if event_id is None or verdict is None or file is not None:
        raise UsageError("neither an event with its verdict nor a file", hint="see: fraudctl label --help")
    document = labels.write(engines.current(), event_id, verdict.value == "fraud", user)
    return Result(f"{event_id} of user {document['user_id']} is labelled {verdict.value}", document)


def _answer(file: Path, done: Written, limit: Limit) -> Result:
    rows = done.labels + len(done.refused)
    too_many = limit.is_exceeded(len(done.refused), rows)
    text = f"{done.written} of {rows} labels written, {len(done.refused)} refused"
    if done.unmatched:
        text += f", {len(done.unmatched)} match no event that was decided"
    unmatched = [(one.number, one.event_id, one.user_id) for one in done.unmatched]
    data = {
        "file": str(file),
        "labels": done.labels,
        "written": done.written,
        **done.refused.as_document(),
        "unmatched": [
            {"line": number, "event_id": event, "user_id": user} for number, event, user in unmatched[:100]
        ],
        "unmatched_rows": len(unmatched),
    }
    table = Table(f"Labels that match no event ({len(unmatched)})", ("line", "event", "user"), unmatched[:5])
    tables = (*done.refused.tables("Refused labels"), *((table,) if unmatched else ()))
    return Result(text, data, 1 if too_many or not done.written else 0, tables)
