"""What a command returns, and the one place that makes output of it.

A person gets tables, a machine one JSON envelope (or, from a streaming command, one JSON line per item).
This module knows no command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fraudctl.console import options, streams
from fraudctl.console.tables import Table as Table
from fraudctl.console.tables import layout
from pipeline.records.visible import visible_lines

if TYPE_CHECKING:
    from fraudctl.errors import FraudctlError

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Result:
    """The answer of a command.

    `data` is a JSON-able mapping, or an iterator for a stream. A stream's items are mappings, strings
    or Results; `line` turns a mapping into its line for people. `replaces` says that each item of a
    stream takes the place of the one before on a terminal.
    """

    summary: str
    data: Mapping[str, object] | Iterator[Any] = field(default_factory=dict)
    exit_code: int = 0
    tables: tuple[Table, ...] = ()
    line: Callable[[Any], str] | None = None
    replaces: bool = False


def envelope(
    command: str,
    exit_code: int,
    summary: str,
    data: Mapping[str, object],
    error: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The one JSON document every command prints with --json."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "ok": exit_code == 0,
        "exit_code": exit_code,
        "summary": summary,
        "data": data,
        "error": error,
    }


def render(result: Result) -> int:
    """Print the result the way the options ask for and give its exit code."""
    if isinstance(result.data, Mapping):
        _render_one(result)
    else:
        _render_stream(result, result.data)
    return result.exit_code


def render_error(error: FraudctlError) -> int:
    """Print the error (stderr for people, an envelope on stdout for machines), give its exit code."""
    asked = options.current()
    if asked.json:
        detail = {"code": error.code, "message": error.message, "hint": error.hint}
        streams.answer_json(envelope(asked.command, error.exit_code, error.message, {}, detail))
    else:
        console = streams.console(stderr=True)
        console.print("[bold red]error:[/] ", end="")
        console.print(visible_lines(error.message), markup=False, highlight=False, soft_wrap=True)
        if error.hint:
            console.print("[bold]hint:[/]  ", end="")
            console.print(visible_lines(error.hint), markup=False, highlight=False, soft_wrap=True)
    return error.exit_code


def render_interrupt(exit_code: int) -> int:
    """Say that the keyboard ended it: an envelope for machines unless lines of a stream are out already."""
    asked = options.current()
    if asked.json and not asked.streams:
        error = {"code": "interrupted", "message": "interrupted", "hint": ""}
        streams.answer_json(envelope(asked.command, exit_code, "interrupted", {}, error))
    else:
        streams.say("interrupted")
    return exit_code


def _render_one(result: Result) -> None:
    assert isinstance(result.data, Mapping)
    asked = options.current()
    if asked.json:
        streams.answer_json(envelope(asked.command, result.exit_code, result.summary, result.data))
        return
    _print_tables(result)
    if result.summary:
        streams.answer(result.summary)


def _print_tables(result: Result) -> None:
    if not result.tables:
        return
    console = streams.console()
    for table in result.tables:
        for part in layout(table, console.width):
            console.print(part)


def _render_stream(result: Result, items: Iterator[Any]) -> None:
    options.change(streams=True)
    as_json = options.current().json
    for item in items:
        if isinstance(item, Result):
            if result.replaces and sys.stdout.isatty() and not as_json:
                streams.clear()
            _render_one(item)
        elif as_json:
            streams.answer_json(item)
        else:
            streams.answer(_one_line(result.line(item)) if result.line else _plain(item))
    if result.summary and not as_json:
        streams.say(result.summary)


def _one_line(text: str) -> str:
    """An item that is a line stays one, whatever its values hold."""
    return text.replace("\n", "\\x0a")


def _plain(item: object) -> str:
    if isinstance(item, Mapping):
        return "  ".join(f"{name}={value}" for name, value in item.items())
    return str(item)
