"""What is shipped beside the code: folders of data files, and plug-ins that are found by their file's name.

Also finds the file a user names: a shipped one by its name, any other by its path.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from fraudctl.errors import UsageError

_PACKAGE = Path(__file__).resolve().parents[1]
_SHOWN = 80


def data_dir(name: str) -> Path:
    """The folder of shipped data files (`profiles`, `scenarios`, `faults`), in a checkout or installed."""
    beside = _PACKAGE.parent / name
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "fraudctl" / name


def names(folder: Path) -> tuple[str, ...]:
    """The names of the data files in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def profile_names() -> tuple[str, ...]:
    """The names of the shipped profiles."""
    return names(data_dir("profiles"))


def server_names() -> tuple[str, ...]:
    """The names of the servers there are: the files of the folder `servers`."""
    return _modules(_PACKAGE / "servers")


@cache
def engine_names() -> tuple[str, ...]:
    """The names of the engines there are: the folders in `engines`."""
    folder = _PACKAGE / "engines"
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)]) if found.ispkg))


@cache
def sink_names() -> tuple[str, ...]:
    """The names of the sinks there are: the folders in `pipeline/sinks`."""
    folder = _PACKAGE.parent / "pipeline" / "sinks"
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)]) if found.ispkg))


def channel_names() -> tuple[str, ...]:
    """The names of the notification channels: the files of the folder `pipeline/notify/channels`."""
    return _modules(_PACKAGE.parent / "pipeline" / "notify" / "channels")


def is_file(path: Path) -> bool:
    """Whether a file is there; a path that no file can have (too long, with a zero in it) has none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def beside(folder: Path, text: str) -> Path:
    """The path a text names, seen from a folder unless it is absolute; `~` is the user's home.

    What can be no path is given back as it is: there is no file of that name.
    """
    try:
        return (folder / Path(text).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError):
        return folder / text


def find(what: str, name: str, folder: Path) -> Path:
    """The shipped file of a name, or the file that a path names. UsageError where there is none."""
    named = folder / f"{name}.yaml"
    if re.fullmatch(r"[\w-]+", name) and is_file(named):
        return named
    with suppress(RuntimeError):  # the home of a user that does not exist
        path = Path(name).expanduser()
        if is_file(path):
            return path
    known = ", ".join(names(folder)) or "none"
    raise UsageError(f"there is no {what} {short(name)}", hint=f"known: {known}", code=f"no_{what}")


def short(name: str) -> str:
    """A name as a message shows it."""
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"


@cache
def _modules(folder: Path) -> tuple[str, ...]:
    found = (module.name for module in pkgutil.iter_modules([str(folder)]))
    return tuple(sorted(name for name in found if not name.startswith("_")))
