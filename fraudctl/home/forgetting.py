"""Whom a command is in the middle of forgetting, so that nobody is left half forgotten without a word.

A file in `jobs/forgetting/` for each, which the command holds a lock on: it names the person until nothing of
him is left in the stores, and goes with that. Who finds it without the lock knows that the command was cut
off, or failed. An empty one was begun and nothing done.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fraudctl.errors import Failed
from fraudctl.home.locks import locked
from fraudctl.home.paths import Paths
from fraudctl.home.private_files import make_folder, open_private


@contextmanager
def begun(home: Path, user_id: str) -> Iterator[None]:
    """For as long as it is at work. Failed while another forgets the same user."""
    file = _folder(home) / hashlib.sha256(user_id.encode()).hexdigest()
    make_folder(file.parent)
    with open_private(file, "ab") as note:
        if not locked(note):
            raise Failed("this user is being forgotten by another command", hint="wait for it to end")
        note.truncate(0)
        note.write(user_id.encode())
        note.flush()
        os.fsync(note.fileno())
        yield
        file.unlink(missing_ok=True)


def cut_off(home: Path) -> list[str]:
    """The commands that finish what was begun and is not at work any more."""
    notes = sorted(_folder(home).iterdir()) if _folder(home).is_dir() else []
    return [f"fraudctl forget user {shlex.quote(user)} --yes" for user in map(_left, notes) if user]


def _left(note: Path) -> str:
    """Whom a note names, empty where nobody was begun with, or the command is at work or has just ended."""
    try:
        with note.open("rb") as held:
            return held.read().decode(errors="replace") if locked(held) else ""
    except FileNotFoundError:
        return ""


def _folder(home: Path) -> Path:
    return Paths(home).jobs / "forgetting"
