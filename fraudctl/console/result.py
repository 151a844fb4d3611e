"""What a command returns, and the one place that prints it.

Answers go to stdout, talk and progress to stderr. A person gets tables, a machine one JSON envelope
(or, from a streaming command, one JSON line per item). This module knows no command.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.console.tables import Table as Table
from fraudctl.console.tables import layout

if TYPE_CHECKING:
    from rich.console import Console

    from fraudctl.errors import FraudctlError

SCHEMA_VERSION = 1
PLAIN_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Options:
    """What the command line said for every command: where, how to print, and which command it is."""

    home: Path | None = None
    debug: bool = False
    json: bool = False
    command: str = ""
    streams: bool = False
    """Whether the command prints items as they come, not one answer."""


_options = Options()


def options() -> Options:
    """The options of the command that is running."""
    return _options


def set_options(**changes: Any) -> None:
    """Change single fields of the current options (done by `fraudctl.cli`)."""
    global _options
    _options = replace(_options, **changes)


def reset_options() -> None:
    """Forget everything an earlier command in this process has set."""
    global _options
    _options = Options()


@dataclass(frozen=True)
class Result:
    """The answer of a command.

    `data` is a JSON-able mapping, or an iterator for a stream. A stream's items are mappings, strings
    or Results; `line` turns a mapping into its line for people. `replaces` says that each item of a
    stream takes the place of the one before on a terminal.
    """

    summary: str
    data: Mapping[str, Any] | Iterator[Any] = field(default_factory=dict)
    exit_code: int = 0
    tables: tuple[Table, ...] = ()
    line: Callable[[Any], str] | None = None
    replaces: bool = False


def envelope(
    command: str,
    exit_code: int,
    summary: str,
    data: Mapping[str, Any],
    error: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
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
    if _options.json:
        detail = {"code": error.code, "message": error.message, "hint": error.hint}
        _print_json(envelope(_options.command, error.exit_code, error.message, {}, detail))
    else:
        console = _console(stderr=True)
        console.print("[bold red]error:[/] ", end="")
        console.print(error.message, markup=False, highlight=False, soft_wrap=True)
        if error.hint:
            console.print("[bold]hint:[/]  ", end="")
            console.print(error.hint, markup=False, highlight=False, soft_wrap=True)
    return error.exit_code


def render_interrupt(exit_code: int) -> int:
    """Say that the keyboard ended it: an envelope for machines unless lines of a stream are out already."""
    if _options.json and not _options.streams:
        error = {"code": "interrupted", "message": "interrupted", "hint": ""}
        _print_json(envelope(_options.command, exit_code, "interrupted", {}, error))
    else:
        say("interrupted")
    return exit_code


def say(text: str) -> None:
    """One line of talk on stderr."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """Shows how far something has come. `update` takes absolute numbers, not steps."""

    def update(self, done: float, note: str = "") -> None:
        """`done` of the total so far (any unit), with a short note."""


class _PlainProgress(Progress):
    """Without a terminal: a line at most every few seconds, none for what is quick."""

    def __init__(self, label: str, total: float | None) -> None:
        self.label, self.total = label, total
        self.last = time.monotonic()

    def update(self, done: float, note: str = "") -> None:
        now = time.monotonic()
        if now - self.last < PLAIN_PROGRESS_SECONDS:
            return
        self.last = now
        share = f" {100 * done / self.total:.0f} %" if self.total else (f" {done:g}" if done else "")
        say(f"{self.label}{share}{' ' + note if note else ''}")


class _RichProgress(Progress):
    """On a terminal: a bar, or a spinner where no total is known."""

    def __init__(self, label: str, total: float | None) -> None:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        shape = BarColumn(bar_width=30) if total else SpinnerColumn()
        columns = (TextColumn("{task.description}"), shape, TextColumn("{task.fields[note]}"))
        self.bars = Bars(*columns, TimeElapsedColumn(), console=_console(stderr=True), transient=True)
        self.task = self.bars.add_task(label, total=total, note="")

    def update(self, done: float, note: str = "") -> None:
        self.bars.update(self.task, completed=done, note=note)


@contextlib.contextmanager
def progress(label: str, total: float | None = None) -> Iterator[Progress]:
    """Show progress on stderr while the block runs."""
    if not sys.stderr.isatty() or _options.json:
        yield _PlainProgress(label, total)
        return
    bar = _RichProgress(label, total)
    with bar.bars:
        yield bar


def _console(stderr: bool = False) -> Console:
    """A rich console that honours NO_COLOR and does not cut lines when there is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or 200)
    return Console(file=stream, width=width, highlight=False)


def _print_json(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _render_one(result: Result) -> None:
    assert isinstance(result.data, Mapping)
    if _options.json:
        _print_json(envelope(_options.command, result.exit_code, result.summary, result.data))
        return
    _print_tables(result)
    if result.summary:
        print(result.summary, flush=True)


def _print_tables(result: Result) -> None:
    if not result.tables:
        return
    console = _console()
    for table in result.tables:
        for part in layout(table, console.width):
            console.print(part)


def _render_stream(result: Result, items: Iterator[Any]) -> None:
    set_options(streams=True)
    for item in items:
        if isinstance(item, Result):
            if result.replaces and sys.stdout.isatty() and not _options.json:
                sys.stdout.write("\x1b[H\x1b[2J")
            _render_one(item)
        elif _options.json:
            _print_json(item)
        else:
            print(result.line(item) if result.line else _plain(item), flush=True)
    if result.summary and not _options.json:
        say(result.summary)


def _plain(item: object) -> str:
    if isinstance(item, Mapping):
        return "  ".join(f"{name}={value}" for name, value in item.items())
    return str(item)
