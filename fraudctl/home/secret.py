"""Secrets that are made here: one line in a file that only its owner may open."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from fraudctl.home.private_files import FILE, make_folder, write_atomically
from fraudctl.home.typed_files import Damaged
from pipeline.disk import files

_BYTES = 24


def generated_password(file: Path) -> str:
    """The password in the file; made on the first call.

    An empty file is none: an older version, killed or out of room while it made one, left that, and a server
    that is told an empty password asks nobody for any. Raises Damaged for what is no password, and for a
    link, which whoever laid it chose.
    """
    while not (held := _held(file)):
        make_folder(file.parent)
        file.parent.chmod(0o700)
        if held is None:
            _make(file)
        else:
            renewed(file)
    return held


def held_in(file: Path) -> str:
    """The secret in a file that somebody may have chosen and linked to. Damaged for what is no text."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise _damaged(file, "holds no text") from error


def _held(file: Path) -> str | None:
    if file.is_symlink():
        raise _damaged(file, "is a link")
    try:
        text = held_in(file)
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise _damaged(file, "is a folder") from error
    if not text.isprintable():
        raise _damaged(file, "holds more than one password in one line")
    return text


def _damaged(file: Path, what: str) -> Damaged:
    hint = "put the password back that was there; without it the server keeps out whoever asks"
    return Damaged(f"{file} {what}", hint=hint)


def _make(file: Path) -> None:
    """A file that is whole from the moment it has its name; where somebody was quicker, his stays."""
    with files.unfinished(file) as made:
        files.fill(made, fresh() + "\n", FILE)
        with suppress(FileExistsError):
            os.link(made, file)
    files.sync_folder(file.parent)


def renewed(file: Path) -> str:
    """Another one, in the file's place."""
    made = fresh()
    write_atomically(file, made + "\n")
    return made


def renewed_in_place(file: Path) -> str:
    """Another one in the same file, for who may open that one alone; of the same length, in one write."""
    made = fresh()
    number = os.open(file, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.pwrite(number, f"{made}\n".encode(), 0)
        os.fsync(number)
    finally:
        os.close(number)
    return made


def fresh() -> str:
    """One that nobody guesses, of letters and digits alone: DynamoDB Local takes no others."""
    return secrets.token_hex(_BYTES)
