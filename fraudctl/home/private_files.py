"""Files and folders that only their owner may open: what a stack writes holds payments and passwords.

Modes are given at creation and do not depend on the umask of whoever runs a command.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from pipeline.disk import files

FILE = 0o600
FOLDER = 0o700
UMASK = 0o077
"""for processes that write into a home by themselves"""


def make_folder(path: Path) -> None:
    """Make the folder and the parents it lacks, all for the owner alone; one that is there stays as it is."""
    files.make_folders(path, FOLDER)


@overload
def open_private(path: Path, mode: Literal["w", "a", "x"] = "w") -> TextIO: ...
@overload
def open_private(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO: ...
def open_private(path: Path, mode: str = "w") -> IO[Any]:
    """`Path.open` for writing, of a file that is made for the owner alone; text is UTF-8."""
    encoding = None if "b" in mode else "utf-8"
    return open(path, mode, encoding=encoding, opener=_opened)


def _opened(name: str, flags: int) -> int:
    """Root follows no link that the user of a home could have laid."""
    path = Path(name)
    if files.owner_below(path.parent) is None:
        return os.open(name, flags, FILE)
    number = os.open(name, flags | os.O_NOFOLLOW, FILE)
    files.own(number, path)
    return number


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file whole (see `pipeline.disk.files`); it and new folders are for the owner alone."""
    make_folder(path.parent)
    files.write_atomically(path, content, FILE)


def close_to_others(root: Path, except_for: Container[Path] = ()) -> None:
    """Take every right of group and others from a folder and all in it that is ours or the folder's owner's.

    What belongs to another user, links, and the folders of `except_for` themselves stay as they are.
    """
    owners = {os.geteuid(), root.stat().st_uid}
    for path, number in inside(root):
        found = os.fstat(number)
        ours = found.st_uid in owners and not stat.S_ISLNK(found.st_mode)
        if ours and stat.S_IMODE(found.st_mode) & UMASK and path not in except_for:
            Path(f"/proc/self/fd/{number}").chmod(stat.S_IMODE(found.st_mode) & ~UMASK)


def inside(root: Path) -> Iterator[tuple[Path, int]]:
    """A folder and all in it, links as links, each with an open file (O_PATH) that ends with the next one.

    Whoever changes the folder meanwhile leads nowhere else: what is open is what was found, in that folder.
    """
    with _named(root) as number:
        yield root, number
    for folder, folders, names, at in os.fwalk(root):
        for name in (*folders, *names):
            with suppress(FileNotFoundError), _named(Path(name), at) as number:
                yield Path(folder, name), number


@contextmanager
def _named(path: Path, folder: int | None = None) -> Iterator[int]:
    number = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield number
    finally:
        os.close(number)
