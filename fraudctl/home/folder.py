"""Which folder is a home, making one, and removing what a stack wrote into it.

A home is a folder that `up` made and marked with `.fraudctl-home`. A home of a version that did not mark is
known by its `stack.json`, or by a supervisor's configuration that names it. What is not in `ENTRIES` was put
there by somebody else and is never touched.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from fraudctl.errors import UsageError
from fraudctl.home import typed_files
from fraudctl.home.private_files import FOLDER, close_to_others, make_folder, open_private, write_atomically
from fraudctl.home.stack import Paths, read
from fraudctl.home.typed_files import Damaged

MARK = ".fraudctl-home"
FORMAT = 1
ENTRIES = (
    "audit.head",
    "audit.jsonl",
    "bench",
    "chaos",
    "checkpoints",
    "data",
    "flink",
    "ingest",
    "jobs",
    "labels",
    "logs",
    "plugins",
    "replays",
    "restored",
    "rules",
    "run",
    "savepoints",
    "secrets",
    "stack.json",
    "verify",
)
"""everything that is written into a home by name, the mark aside"""
LEFT_BY_PROGRAMS = (
    *(".stack.json.*", f".{MARK}.*", "hs_err_pid*.log", "replay_pid*.log"),
    *(f".{name}.*.unfinished" for name in ENTRIES),
)
"""what a program that was killed or crashed leaves where it ran"""
IN_PURGE = ".fraudctl-purge"
"""a file in a home while it is purged, and where that was cut off: `up` takes nothing of such a home"""
IN_PART = Path("restored", "unfinished")
"""a file in a home while a backup is put back into it, and where that was cut off"""
_PASSAGE = FOLDER | 0o010
_MARK_MEND = "remove it; `up` marks a home again that has a readable stack.json"


@dataclass(frozen=True)
class Mark:
    """What the mark says: its format, and an identity that tells this home from every other."""

    format: int
    id: str


_KIND: TypeAdapter[Mark] = TypeAdapter(Mark)


@dataclass(frozen=True)
class Removed:
    """What a removal came to. `left` is not ours, `kept` is ours and could not be deleted, and why."""

    home: Path
    left: tuple[Path, ...] = ()
    kept: dict[Path, str] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return not self.home.exists()


def mark_of(home: Path) -> Mark | None:
    """The mark of a home, None where there is none. Damaged, Newer."""
    return typed_files.read(home / MARK, _KIND, _MARK_MEND, FORMAT)


def is_home(home: Path) -> bool:
    """Whether a stack was ever started there. Newer where that was by a later version."""
    return mark_of(home) is not None or _is_of_an_earlier_version(home)


def claim(home: Path) -> bool:
    """Make a home, or take the one that is there; whether it was marked before. See `refuse_claim`."""
    refuse_claim(home)
    return mark(home)


def mark(home: Path) -> bool:
    """Mark a folder as a home, whatever lies in it; whether it was marked before."""
    if mark_of(home) is not None:
        return True
    make_folder(home)
    write_atomically(home / MARK, json.dumps({"format": FORMAT, "id": uuid.uuid4().hex}) + "\n")
    return False


def refuse_claim(home: Path) -> None:
    """UsageError where a folder is a link or has things in it that are not ours. Also Damaged and Newer."""
    if home.is_symlink():
        raise UsageError(
            f"{home} is a link", hint=f"name the folder itself: --home {shlex.quote(str(home.resolve()))}"
        )
    if home.exists() and not home.is_dir():
        raise UsageError(f"{home} is not a folder", hint="name another place with --home")
    if is_restored_in_part(home):
        raise UsageError(
            f"{home} holds a part of a backup, which was not put back whole",
            hint="give it again: fraudctl backup restore DIR; or: fraudctl purge",
            code="restored_in_part",
        )
    if (home / IN_PURGE).is_file():
        raise UsageError(
            f"{home} was not purged to its end", hint="run: fraudctl purge", code="purged_in_part"
        )
    if home.is_dir() and not is_home(home):
        _refuse_foreign(home)


def is_used(home: Path) -> bool:
    """Whether any file is in a folder but the mark of a home, and what was never finished."""
    found = (path for path in home.rglob("*") if path.is_symlink() or not path.is_dir())
    return any(path.name != MARK and not path.name.endswith(".unfinished") for path in found)


def is_restored_in_part(home: Path) -> bool:
    """Whether a backup was put back there and not to its end."""
    return not home.is_symlink() and (home / IN_PART).is_file()


def begin_restore(home: Path) -> None:
    """Make a home of which `up` takes nothing until `end_restore`; what one that was cut off has left goes.

    UsageError where that cannot be.
    """
    mark(home)
    write_atomically(home / IN_PART, "")
    beside = [path for path in (home / IN_PART).parent.iterdir() if path.name != IN_PART.name]
    for path in (*beside, *(path for path in _ours(home) if path.name != IN_PART.parts[0])):
        if reason := delete(path):
            raise UsageError(f"{path} cannot be deleted: {reason}", hint="delete it, then again")


def end_restore(home: Path) -> None:
    """From now on it is a home like any other."""
    (home / IN_PART).unlink()


def close(home: Path) -> None:
    """Let only its owner into a home; PostgreSQL's way to its data as root stays (see `let_through`)."""
    passage = [path for path in (home, home / "data") if _is_passage(path)]
    close_to_others(home, passage)


def let_through(paths: Paths, group: int) -> None:
    """Let one group pass through the home to a server's own data; it can neither list nor read anything."""
    for folder in (paths.home, paths.home / "data"):
        os.chown(folder, -1, group)
        folder.chmod(_PASSAGE)


def _is_passage(folder: Path) -> bool:
    return os.geteuid() == 0 and folder.exists() and folder.stat().st_mode & 0o777 == _PASSAGE


def refuse_unremovable(home: Path) -> None:
    """UsageError, with the reason, where removing this folder could take what no stack wrote. Also Newer."""
    if reason := _reason_to_keep(home):
        raise UsageError(f"{home} {reason}", hint="name a home with --home", code="no_home")
    if not is_home(home):
        raise UsageError(
            f"{home} is not a home of fraudctl: it has no {MARK}",
            hint="name the right one with --home; a home of an earlier version is marked by: fraudctl up",
            code="no_home",
        )


def _reason_to_keep(home: Path) -> str | None:
    place = home.resolve()
    reasons = {
        "is a link": home.is_symlink(),
        "is not a folder": not home.is_dir(),
        "is the root of the file system": place == Path(place.anchor),
        "is your home directory": place == Path.home().resolve(),
        "is a mount point": place.is_mount(),
        "holds the working directory": Path.cwd().resolve().is_relative_to(place),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def begin_purge(home: Path) -> None:
    """A home of which `up` takes nothing from now on."""
    with suppress(OSError):  # on a full disk it is purged all the same
        open_private(home / IN_PURGE, "a").close()


def remove(home: Path, outside: Iterable[Path] = ()) -> Removed:
    """Delete what a stack wrote into a home and outside it, and the home when nothing else is in it.

    The mark goes last, so that what could not be deleted can be tried again.
    """
    begin_purge(home)
    kept = {path: reason for path in (*outside, *_ours(home)) if (reason := delete(path))}
    left = [path for path in _entries(home) if path not in kept and path.name not in (MARK, IN_PURGE)]
    delete(home / IN_PURGE)
    if not kept and (reason := delete(home / MARK)):
        kept[home / MARK] = reason
    if not kept and not left:
        with suppress(OSError):
            home.rmdir()
    return Removed(home, tuple(left), kept)


def delete(path: Path) -> str:
    """Delete a file or folder as far as possible; why something of it is still there, else empty.

    Nothing goes from a folder with a mount in it: what is mounted there lies somewhere else.
    """
    if (mount := _mount_below(path)) is not None:
        return f"something is mounted in it, at {mount}"
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as failure:
        shutil.rmtree(path, ignore_errors=True)  # the rest of it
        return f"{failure.strerror or failure}" if os.path.lexists(path) else ""
    return ""


def _mount_below(path: Path) -> Path | None:
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return None  # no Linux
    place = path.parent.resolve() / path.name
    found = (_unescaped(line.split()[4]) for line in lines)
    return next((one for one in found if one != place and one.is_relative_to(place)), None)


def _unescaped(text: bytes) -> Path:
    """A path as the kernel lists it: space, tab, line end and backslash are octal."""
    return Path(os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda one: bytes([int(one[1], 8)]), text)))


def _ours(home: Path) -> list[Path]:
    """What the stack wrote. A link or a mount in the place of its folders was put there by a person."""
    named = [home / name for name in ENTRIES]
    found = [*named, *(path for pattern in LEFT_BY_PROGRAMS for path in home.glob(pattern))]
    return [path for path in found if path.exists() and not path.is_symlink() and not path.is_mount()]


def _is_of_an_earlier_version(home: Path) -> bool:
    with suppress(Damaged):  # its supervisor's configuration tells as well
        if read(home) is not None:
            return True
    try:
        text = (Paths(home).run / "supervisord.conf").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return f'FRAUDCTL_SUPERVISED_HOME="{home}"' in text.replace("%%", "%") and not list(_foreign(home))


def _refuse_foreign(home: Path) -> None:
    if foreign := [path.name for path in _entries(home) if not path.name.startswith(f".{MARK}.")]:
        shown = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        raise UsageError(
            f"{home} is not empty and not a home of fraudctl: it holds {shown}",
            hint="name an empty folder, or one that is not there yet, with --home",
            code="no_home",
        )


def _foreign(home: Path) -> Iterator[Path]:
    ours = set(_ours(home))
    return (path for path in _entries(home) if path not in ours and path.name not in (MARK, IN_PURGE))


def _entries(home: Path) -> list[Path]:
    return sorted(home.iterdir()) if home.is_dir() else []
