"""Files and folders that only their owner may open: what a stack writes holds payments and passwords.

Modes are given at creation and do not depend on the umask of whoever runs a command.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from pipeline.process import files

FILE = 0o600
FOLDER = 0o700
UMASK = 0o077
"""for processes that write into a home by themselves"""


def make_folder(path: Path) -> None:
    """Make the folder and the parents it lacks, all for the owner alone; one that is there stays as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(FOLDER, exist_ok=True)


@overload
def open_private(path: Path, mode: Literal["w", "a", "x"] = "w") -> TextIO: ...
@overload
def open_private(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO: ...
def open_private(path: Path, mode: str = "w") -> IO[Any]:
    """`Path.open` for writing, of a file that is made for the owner alone; text is UTF-8."""
    encoding = None if "b" in mode else "utf-8"
    return open(path, mode, encoding=encoding, opener=lambda name, flags: os.open(name, flags, FILE))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file whole (see `pipeline.process.files`); it and new folders are for the owner alone."""
    make_folder(path.parent)
    files.write_atomically(path, content, FILE)


def close_to_others(root: Path, except_for: Container[Path] = ()) -> None:
    """Take every right of group and others from a folder and all in it that is ours.

    What belongs to another user, links, and the folders of `except_for` themselves stay as they are.
    """
    for path in (root, *_inside(root)):
        with suppress(FileNotFoundError):
            found = path.lstat()
            ours = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
            if ours and stat.S_IMODE(found.st_mode) & UMASK and path not in except_for:
                path.chmod(stat.S_IMODE(found.st_mode) & ~UMASK)


def _inside(root: Path) -> list[Path]:
    return [Path(folder, name) for folder, folders, names in os.walk(root) for name in (*folders, *names)]
