"""The options by which a command reads a file of payments, the same for every command that does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from fraudctl.console.result import Result
from fraudctl.files import mapping as mappings
from fraudctl.files import options, packing
from pipeline.records import clock

FILES_HELP = "JSON, CSV or Parquet, plain or packed; several, a folder, a pattern, or - for standard input."

Files = Annotated[list[Path], typer.Argument(help=FILES_HELP, metavar="FILE")]

Future = Annotated[bool, typer.Option("--future", help="Take rows later than now as well.")]

Refused = Annotated[
    Path | None, typer.Option("--refused", metavar="FILE", help="Write every refused row there, and why.")
]

ToMend = Annotated[
    Path | None,
    typer.Option(
        "--to-mend", metavar="FOLDER", help="Write the refused rows there, as files to mend and read again."
    ),
]

MaxRefused = Annotated[
    str | None, typer.Option("--max-refused", metavar="1%|N", help="Fail when more rows are refused.")
]

_MADE = ("reading", "said")
"""Parameters of a command that are made of options, not given."""


def _said(
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Take a field from that column; repeatable."),
    ] = None,
    mapping_file: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="A mapping file; options count before it."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--label", metavar="COLUMN", help="The column that tells fraud (1) from legit (0)."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Leave that column out; repeatable.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="Of further columns keep only those; repeatable."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="COLUMN=KIND", help="text, number or bool; repeatable."),
    ] = None,
    id_from: Annotated[
        str | None, typer.Option("--id", metavar="row|hash", help="Make ids of the row's number or hash.")
    ] = None,
    user_from: Annotated[
        str | None, typer.Option("--user-from", metavar="row", help="Make every row a user of its own.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Of times without one: UTC, Europe/Berlin.")
    ] = None,
    zone_name: Annotated[
        list[str] | None,
        typer.Option(
            "--zone-name",
            metavar="NAME=ZONE",
            help="What a name of zones stands for: CST=-06:00; repeatable.",
        ),
    ] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", metavar="s|ms|us|ns", help="What times in numbers count.")
    ] = None,
    time_format: Annotated[
        list[str] | None, typer.Option("--time-format", help="As in strptime: '%d.%m.%Y %H:%M'; repeatable.")
    ] = None,
    time_start: Annotated[
        str | None, typer.Option("--time-start", metavar="TIME", help="What times in numbers count from.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", metavar=",|.", help="The sign before decimals.")
    ] = None,
    round_to: Annotated[
        int | None, typer.Option("--round", metavar="DIGITS", help="Round amounts to so many digits.")
    ] = None,
    minor_units: Annotated[
        bool | None,
        typer.Option(
            "--minor-units/--major-units", help="Amounts are in cents, by their currency's exponent."
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="The currency of rows that name none.")
    ] = None,
    country_codes: Annotated[
        bool | None,
        typer.Option(
            "--country-codes/--countries-as-written", help="Names and other codes as two letters (ISO 3166)."
        ),
    ] = None,
    absent: Annotated[
        list[str] | None,
        typer.Option("--absent", metavar="WORD", help="A word that stands for nothing, as NULL; repeatable."),
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="csv|jsonl|parquet", help="Whatever the name says.")
    ] = None,
    records: Annotated[
        str | None,
        typer.Option("--records", metavar="PATH", help="The list within JSON that has the rows: data.items."),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", help="What parts the cells of CSV: ; or tab.")
    ] = None,
    quote: Annotated[str | None, typer.Option("--quote", help="The quote of CSV, or none.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Other than UTF-8 and UTF-16, such as cp1252.")
    ] = None,
    skip_lines: Annotated[
        int | None, typer.Option("--skip-lines", help="Lines of CSV before the heading.")
    ] = None,
) -> mappings.Said:
    """What the options say, checked."""
    own = mappings.Said(
        map=None if mapping is None else options.mapping(mapping),
        label=label,
        drop=None if drop is None else tuple(drop),
        keep=None if keep is None else tuple(keep),
        kind=None if kind is None else options.kinds(kind),
        id_from=id_from,
        user_from=user_from,
        zone=zone,
        zone_name=None if zone_name is None else options.zone_names(zone_name),
        time_unit=time_unit,
        time_format=None if time_format is None else tuple(time_format),
        time_start=time_start,
        decimal=decimal,
        round=round_to,
        minor_units=minor_units,
        currency=currency,
        country_codes=country_codes,
        absent=None if absent is None else tuple(absent),
        format=file_format,
        records=records,
        delimiter=delimiter,
        quote=quote,
        encoding=encoding,
        skip_lines=skip_lines,
    )
    return own if mapping_file is None else own.over(mappings.load(mapping_file))


def until_ms(future: bool) -> int | None:
    """The latest time that rows may have: now, and as much as clocks of senders differ; None for any."""
    return None if future else clock.now_ms() + clock.MINUTE_MS


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Its parameters but `reading` and `said`. What the others are is looked up; that would execute what
    reads files."""
    for name in (*_MADE, "return"):
        function.__annotations__.pop(name, None)
    found = inspect.signature(function, eval_str=True).parameters
    return {name: one for name, one in found.items() if name not in _MADE}


_OWN = _parameters(_said)


def with_reading_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """The command with these options beside its own; it gets what they say as `reading`, or, where it asks
    for them as they were said, as `said`."""

    asks_as_said = "said" in inspect.signature(command).parameters

    @functools.wraps(command)
    def reads(*args: Any, **given: Any) -> Result:
        own = {name: given.pop(name) for name in _OWN if name in given}
        said, files = _said(**own), given.get("files")
        given |= {"said": said} if asks_as_said else {"reading": said.options()}
        if files != [packing.STDIN]:
            return command(*args, **given)
        with packing.standard_input() as kept:
            return command(*args, **given | {"files": [kept]})

    parameters = [*_parameters(command).values(), *_OWN.values()]
    changed: Any = reads
    changed.__signature__ = inspect.Signature(parameters)
    changed.__annotations__ = {one.name: one.annotation for one in parameters}
    del changed.__wrapped__
    return reads
