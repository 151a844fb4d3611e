"""`fraudctl audit`: who changed what and when, and whether the log of it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import engines
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.errors import FraudctlError
from fraudctl.home import audit as log
from fraudctl.home import stack as stacks
from fraudctl.jobs import activations
from pipeline.records import wording

if TYPE_CHECKING:
    from pathlib import Path

EXIT_BROKEN = 5


class View(StrEnum):
    SHOW = "show"
    VERIFY = "verify"


def register(app: typer.Typer) -> None:
    app.command("audit")(audit)


def audit(
    view: Annotated[View, typer.Argument(help="The newest entries, or whether all are there.")] = View.SHOW,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most that many.")] = 50,
) -> Result:
    """Show who changed what and when, or `verify` that none of it was changed or cut; exit 5 if it was.

    Example: fraudctl audit verify
    """
    home = stacks.home_dir()
    return _verified(home) if view is View.VERIFY else _shown(home, limit)


def _shown(home: Path, limit: int) -> Result:
    found = list(log.entries(home))[-limit:]
    rows = [
        (one.get("line"), one.get("at"), one.get("author"), one.get("host"), one.get("command"), _what(one))
        for one in reversed(found)
    ]
    columns = ("line", "at", "who", "on", "command", "what")
    tables = (Table("", columns, rows),) if rows else ()
    return Result("" if rows else f"there is no audit log in {home}", {"entries": found}, tables=tables)


def _what(entry: Mapping[str, Any]) -> str:
    if "ended" in entry:
        how = entry.get("error") or f"exit code {entry.get('exit_code')}"
        return f"ended: {how}" if entry["ended"] is None else f"{entry['ended']} ended: {how}"
    given = entry.get("arguments") or {}
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _verified(home: Path) -> Result:
    pins, is_read = _pins()
    found = log.verify(home, pins)
    newest = {"line": found.newest.line, "hash": found.newest.hash} if found.newest else None
    broken = {"line": found.broken.line, "problem": found.broken.problem} if found.broken else None
    data = {
        "lines": found.lines,
        "newest": newest,
        "pins": found.pins,
        "rules_topic_read": is_read,
        "broken": broken,
    }
    if found.broken:
        return Result(f"line {found.broken.line}: {found.broken.problem}", data, EXIT_BROKEN)
    if not found.lines and not found.pins:
        return Result(f"there is no audit log in {home}", data)
    summary = f"{wording.counted(found.lines, 'line')}, each follows the one before; "
    summary += f"{wording.counted(found.pins, 'other place')} told of them and agreed"
    return Result(summary if is_read else f"{summary}; the rules topic could not be asked", data)


def _pins() -> tuple[list[log.Pin], bool]:
    """The lines that the records of this home on the rules topic vouch for, and whether it could be read."""
    try:
        here = engines.running()
        if here is None or "kafka" not in here.addresses:
            return [], False
        found = activations.of(here)
        return [log.Pin(*pin) for pin in found.pins()], True
    except FraudctlError as error:
        say(error.message)
        return [], False
