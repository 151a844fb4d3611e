"""Secrets that are made here: one line in a file that only its owner may open."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from fraudctl.home.private_files import make_folder, open_private, write_atomically

_BYTES = 24


def generated_password(file: Path) -> str:
    """The password in the file; made on the first call."""
    if not file.exists():
        make_folder(file.parent)
        file.parent.chmod(0o700)
        with open_private(file, "x") as out:
            out.write(fresh() + "\n")
    return file.read_text(encoding="utf-8").strip()


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
