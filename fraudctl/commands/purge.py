"""`fraudctl purge`: delete what a stack wrote."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _options
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.home import folder
from fraudctl.home import stack as stacks

if TYPE_CHECKING:
    from fraudctl.home.folder import Removed


def register(app: typer.Typer) -> None:
    app.command("purge")(purge)


def purge(yes: _options.Yes = False) -> Result:
    """Stop the stack and delete what it wrote, with all data. Exit 1 if something could not be deleted.

    Only a folder that `up` made is touched; what somebody else has put into it stays, and is named.

    Example: fraudctl purge --yes
    """
    home = stacks.home_dir()
    if not os.path.lexists(home):
        return Result(f"there is nothing in {home}", {"home": str(home), "deleted": False})
    folder.refuse_unremovable(home)
    if not yes:
        _confirm(home)
    return _removed(engines.of_home(home).purge(home))


def _removed(found: Removed) -> Result:
    """What a purge came to; it says "deleted" of what is gone alone."""
    data = {
        "home": str(found.home),
        "deleted": found.is_gone,
        "left": [str(path) for path in found.left],
        "not_deleted": {str(path): reason for path, reason in found.kept.items()},
    }
    if found.kept:
        first, reason = next(iter(found.kept.items()))
        summary = f"not everything could be deleted: {first}: {reason}"
    elif found.left:
        summary = f"deleted what the stack wrote in {found.home}; left: {_named(found.left)}"
    else:
        summary = f"deleted {found.home}"
    rows = [(path, f"not deleted: {reason}") for path, reason in found.kept.items()]
    rows += [(path, "left: no stack wrote it") for path in found.left]
    tables = (Table("", ("still there", "why"), rows),) if rows else ()
    return Result(summary, data, exit_code=1 if found.kept else 0, tables=tables)


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:5]) + (", …" if len(paths) > 5 else "")


def _confirm(home: Path) -> None:
    refusal = UsageError(
        f"this deletes everything a stack wrote in {home}", hint="say so with: fraudctl purge --yes"
    )
    _asking.confirm(f"Delete everything a stack wrote in {home}?", refusal)
