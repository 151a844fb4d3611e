"""`fraudctl backup`: a copy of a stack from which it goes on elsewhere."""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.backup import manifest, restoring, taking
from fraudctl.commands import _asking, _options
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import NotRunning
from fraudctl.home import stack as stacks

if TYPE_CHECKING:
    from fraudctl.backup.manifest import Manifest

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")]


def register(app: typer.Typer) -> None:
    noun = App(help="A copy of a stack from which it goes on elsewhere.")
    noun.command("create")(create)
    noun.command("verify")(verify)
    noun.command("restore")(restore)
    app.add_typer(noun, name="backup")


def create(folder: Folder) -> Result:
    """Copy what a stack is made again from, while it runs: log, state of the job, keys, rules, audit log.

    It holds payments and secrets: keep it where only you can read. Stores are filled from the log again.

    Example: fraudctl backup create /mnt/backup/2026-11-28
    """
    home = stacks.home_dir()
    stack = stacks.read(home)
    if stack is None:
        raise NotRunning(f"no stack has been started in {home}")
    began = time.monotonic()
    with progress("backup") as shown:
        made, checksum = taking.create(stack, folder.absolute(), shown)
    data = _about(folder, made, checksum) | {"seconds": round(time.monotonic() - began, 3)}
    return Result(f"{_told(made)} in {folder}; checksum {checksum[:16]}{_warning(made)}", data)


def verify(folder: Folder) -> Result:
    """Read every file of a backup; exit 5 where one is missing, was changed, or does not belong there.

    Example: fraudctl backup verify /mnt/backup/2026-11-28
    """
    with progress("verifying") as shown:
        found = manifest.verify(folder, taking.counted(shown, "read"))
    checksum = manifest.checksum(folder)
    table = Table("", ("what", "is"), _rows(found))
    return Result(
        f"{_told(found)}, all as taken; checksum {checksum[:16]}",
        _about(folder, found, checksum),
        tables=(table,),
    )


def restore(folder: Folder, yes: _options.Yes = False) -> Result:
    """Put a backup into a new home, here or on another machine; `up` goes on from there.

    The stack it was taken from must not run any more: both would decide, and write to servers elsewhere.

    Example: fraudctl backup restore /mnt/backup/2026-11-28 --home ~/restored
    """
    home = stacks.home_dir()
    restoring.refuse_taken(home)
    found = manifest.read(folder)
    if not yes:
        _asking.confirm(f"Put {_told(found)} of {found.home} into {home}?")
    with progress("restoring") as shown:
        found, profile = restoring.restore(folder, home, shown)
    command = f"fraudctl --home {shlex.quote(str(home))} up --profile {shlex.quote(str(profile))}"
    data = _about(folder, found, manifest.checksum(folder)) | {"home": str(home), "profile": str(profile)}
    return Result(f"restored; go on with: {command}", data)


def _about(folder: Path, found: Manifest, checksum: str) -> dict[str, object]:
    return {
        "folder": str(folder),
        "checksum": checksum,
        "files": len(found.files),
        "bytes": found.size,
        "version": found.version,
        "created_ms": found.created_ms,
        "taken_from": found.home,
        "run": found.run,
        "state": found.state,
        "has_log": found.has_log,
        "cut_topics": list(found.cut_topics),
    }


def _rows(found: Manifest) -> list[tuple[str, object]]:
    return [
        ("taken from", found.home),
        ("at", f"{datetime.fromtimestamp(found.created_ms / 1_000, UTC):%Y-%m-%d %H:%M:%SZ}"),
        ("by version", found.version),
        ("state of the job", found.state or "none: it begins anew"),
        ("log", "in it" if found.has_log else "not in it: Kafka is elsewhere"),
        ("begins late", ", ".join(found.cut_topics) or "no topic"),
    ]


def _told(found: Manifest) -> str:
    return f"{len(found.files)} files, {found.size / 1e6:,.1f} MB"


def _warning(found: Manifest) -> str:
    if not found.cut_topics:
        return ""
    return f"; what {', '.join(found.cut_topics)} no longer hold is in the stores alone: copy these as well"
