"""`fraudctl inspect`: what a file of payments is, and the command that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.commands import _completion, _reading
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.files import mapping
from fraudctl.home import rulesets, stack
from fraudctl.inspection import inspection
from pipeline.records import clock, quantities

if TYPE_CHECKING:
    from fraudctl.inspection.inspection import Inspection


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect)


@_reading.with_reading_options
def inspect(
    files: _reading.Files,
    rules: Annotated[
        str,
        typer.Option(
            "--rules",
            help="Whose currency counts: a file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ] = "default",
    whole: Annotated[bool, typer.Option("--whole", help="Read all of a large file, not a sample.")] = False,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="FILE", help="Write a mapping file, for --mapping; never over one."),
    ] = None,
    *,
    said: mapping.Said,
) -> Result:
    """Say what a file is, which column looks like which field, and the command that reads it.

    What is assumed is said with what else it could be; exit 1 where something must be decided first.

    Example: fraudctl inspect payments.csv --write payments.map.yaml
    """
    currency = rulesets.find(rules, stack.home_dir())[0].currency
    if write is not None and write.exists():
        raise UsageError(f"{write} exists", hint="name another file, or remove it", code="file_exists")
    now_ms = clock.now_ms()
    with progress(f"inspect {files[0].name}") as bar:
        found = inspection.inspect(files, said, currency, now_ms, whole, bar)
    if write is not None:
        write.write_text(mapping.text(found.proposal.said), encoding="utf-8")
    commands = _commands(found, rules, write, now_ms) if found.can_be_read else {}
    return Result(
        _summary(found, commands, currency, write),
        _data(found, commands, write),
        0 if found.can_be_read else 1,
        _tables(found),
    )


def _commands(found: Inspection, rules: str, write: Path | None, now_ms: int) -> dict[str, str]:
    files = list(map(_named, found.files))
    reading = found.proposal.said.words() if write is None else ["--mapping", str(write)]
    chosen = [] if rules == "default" else ["--rules", rules]
    past = ["--history", *chosen] if found.is_past(now_ms) else []
    future = ["--future"] if found.found.future else []
    return {
        "backtest": mapping.shell(["fraudctl", "backtest", *files, *reading, *chosen, *future]),
        "ingest": mapping.shell(["fraudctl", "ingest", *files, *reading, *past, *future]),
    }


def _named(file: Path) -> str:
    """A file as a command line names it, where a dash before it would be an option."""
    if file.name.endswith(".stdin"):
        return "-"
    return f"./{file}" if str(file).startswith("-") else str(file)


def _data(found: Inspection, commands: dict[str, str], write: Path | None) -> dict[str, object]:
    return {
        "files": [str(one) for one in found.files],
        "sampled": found.is_part,
        "format": found.how,
        "columns": [one.as_document(found.fields.get(one.name, ())) for one in found.columns],
        "notes": [one.as_document() for one in found.proposal.notes],
        "read": found.found.as_document(),
        "mapping": found.proposal.said.document(),
        "mapping_file": None if write is None else str(write),
        "commands": commands,
    }


def _tables(found: Inspection) -> tuple[Table, ...]:
    columns = [
        (
            one.name or "(no name)",
            one.kind,
            f"{one.empty_share:.0%}",
            f"{one.low:g} to {one.high:g}" if one.kind == "number" and one.low is not None else None,
            ", ".join(cell[:30] for cell in one.examples),
            ", ".join(found.fields.get(one.name, ())),
        )
        for one in found.columns
    ]
    notes = [(one.how.value, one.text, "\n".join(one.otherwise)) for one in found.proposal.notes]
    return (
        Table("Columns", ("column", "kind", "empty", "range", "examples", "field"), columns),
        *([Table("Reading", ("", "what", "otherwise"), notes)] if notes else []),
        *found.found.refused.tables(),
    )


def _summary(found: Inspection, commands: dict[str, str], currency: str | None, write: Path | None) -> str:
    lines = [found.how] if found.how else []
    if found.found.rows:
        lines.append(_counts(found, currency))
    if write is not None:
        lines.append(f"mapping file: {write}")
    if not commands:
        lines.append(
            "decide what is open, and say it to inspect" if found.proposal.is_open else "no row is good"
        )
    return "\n".join([*lines, *commands.values()])


def _counts(found: Inspection, currency: str | None) -> str:
    read = found.found
    texts = [f"{read.accepted} of {read.rows} rows can be read"]
    if found.is_part:
        texts[0] += " (of a sample; --whole reads all)"
    if read.oldest_ms is not None and read.newest_ms is not None:
        texts.append(f"{quantities.format_time(read.oldest_ms)} to {quantities.format_time(read.newest_ms)}")
    if read.labelled:
        texts.append(f"{read.labelled} labelled, {read.fraud} of them fraud")
    counts = {
        "come after newer ones": read.order.moved,
        "repeat an earlier id": read.repeated,
        "lie in the future": read.future,
        f"are in another currency than the rule set's {currency}": read.foreign,
    }
    texts += [f"{count} {what}" for what, count in counts.items() if count]
    return "; ".join([*texts, *read.notes])
