"""`fraudctl ingest`: a user's own data into the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _options, _reading
from fraudctl.console.result import Result
from fraudctl.errors import UsageError
from fraudctl.files import options, refusals, sources, to_mend
from fraudctl.traffic import ingest as ingestion
from fraudctl.traffic import ingest_report, past_data


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)


@_reading.with_reading_options
def ingest(
    files: _reading.Files,
    rate: Annotated[float | None, typer.Option("--rate", help="Events a second (default: no limit).")] = None,
    shift_to_now: Annotated[
        bool,
        typer.Option(
            "--shift-to-now",
            help="Move the data so that the last event is now; with --rate each gets its sending time.",
        ),
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Past data: a topic and a job of its own, by the data's clock.")
    ] = False,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the past data (default: the file's).")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Another rule set for past data than the stack's.")
    ] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Another topic than the live one.")] = None,
    refused: _reading.Refused = None,
    mend: _reading.ToMend = None,
    max_refused: _reading.MaxRefused = None,
    future: _reading.Future = False,
    *,
    reading: options.ReadOptions,
) -> Result:
    """Send a file's rows; every refused row is reported with its line and reason.

    Labels (`label`, `label_time`, `scenario`) go to the labels topic, never into a transaction.

    Example: fraudctl ingest payments.csv --map amount=betrag --label is_fraud --shift-to-now
    """
    if history and (shift_to_now or topic or rate):
        raise UsageError(
            "--history goes with none of --shift-to-now, --topic, --rate", hint="drop one of the two"
        )
    if name and not history:
        raise UsageError("--name names past data only", hint="add --history")
    if rules and not history:
        raise UsageError("--rules is for past data; the live job has its own", hint="add --history")
    if rate is not None:
        _options.refuse_rate(rate)
    sources.check(files, reading)
    if mend is not None:
        to_mend.check(mend)
    limit, until_ms = refusals.limit(max_refused), _reading.until_ms(future)
    order = ingest_report.Order(files, reading, rate, shift_to_now, topic, refused, limit, until_ms, mend)
    if history:
        return past_data.ingest_history(engines.current(), order, name, rules).as_result()
    return ingestion.ingest_live(engines.current(), order).as_result()
