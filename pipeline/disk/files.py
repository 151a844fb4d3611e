"""Writing a file so that whoever reads it sees what was there or what is there now, never a part.

The bytes go into an unfinished file beside it, whose name no other thread or process has, and that takes its
place. Whatever fails on the way, a full disk above all, the unfinished file goes and the old one stays.

What root writes into a folder of a user of HOME_USERS is that user's: as such run the programs of a stack
that root starts, and they read what its commands leave in the home.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

HOME_USERS: Final = range(61_184, 65_520)
"""the numbers that Linux keeps for users without an account, which systemd calls dynamic"""


def write_atomically(path: Path, data: Any, mode: int = 0o600, durable: bool = True) -> None:
    """Replace a file, and make its folder if it is not there; `data` is text or bytes.

    With `durable` both the bytes and the names are on disk when this returns; without, a power cut may bring
    the old file back. Raises OSError, which names the file; then nothing has changed.
    """
    make_folders(path.parent, 0o777)
    owner_below(path.parent)
    try:
        with unfinished(path) as fresh:
            fill(fresh, data, mode, durable)
            fresh.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names none
        raise
    if durable:
        sync_folder(path.parent)


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """The name of a file beside `path` to be written and then renamed; what still lies there goes."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.unfinished")
    try:
        yield fresh
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def fill(path: Path, data: Any, mode: int = 0o600, durable: bool = True) -> os.stat_result:
    """Make a new file of text or bytes, with `durable` on disk at return; what the file system says of it.

    Raises OSError, also where there is such a file.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        own(out.fileno(), path)
        out.write(data.encode() if isinstance(data, str) else data)
        out.flush()
        if durable:
            os.fsync(out.fileno())
        return os.fstat(out.fileno())


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk. Raises OSError."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def make_folders(path: Path, mode: int) -> None:
    """Make a folder and the parents it lacks, on disk at return; one that is there stays as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        owner = owner_below(folder.parent)
        folder.mkdir(mode, exist_ok=True)
        with suppress(PermissionError):  # one may make folders where one may not look
            sync_folder(folder.parent)
        if owner is not None:
            os.chown(folder, owner, owner, follow_symlinks=False)


def own(number: int, path: Path) -> None:
    """Give an open file of root's to whom the folder of its path belongs, if that is a user of HOME_USERS."""
    if (owner := owner_below(path.parent)) is not None and os.fstat(number).st_nlink == 1:
        os.fchown(number, owner, owner)


def owner_below(folder: Path) -> int | None:
    """To whom belongs what root makes in this folder; None where that is root, and for everybody else.

    OSError where the way there goes by a link that a user of HOME_USERS has laid: it could lead anywhere.
    """
    if os.geteuid() != 0:
        return None
    for one in (folder, *folder.parents):
        found = one.lstat()
        if stat.S_ISLNK(found.st_mode) and found.st_uid in HOME_USERS:
            raise OSError(errno.ELOOP, "root goes by no link of this user", str(one))
    owner = folder.stat().st_uid
    return owner if owner in HOME_USERS else None
