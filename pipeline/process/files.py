"""Writing a file so that whoever reads it sees what was there or what is there now, never a part.

The bytes go into an unfinished file beside it, whose name no other thread or process has, and that takes its
place. Whatever fails on the way, a full disk above all, the unfinished file goes and the old one stays.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def write_atomically(path: Path, data: Any, mode: int = 0o600, durable: bool = True) -> None:
    """Replace a file, and make its folder if it is not there; `data` is text or bytes.

    With `durable` both the bytes and the names are on disk when this returns; without, a power cut may bring
    the old file back. Raises OSError; then nothing has changed.
    """
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as fresh:
        fill(fresh, data, mode, durable)
        fresh.replace(path)
    if durable:
        sync_folder(path.parent)
        for folder in missing:
            sync_folder(folder.parent)


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
