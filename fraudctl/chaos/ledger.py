"""What is broken at this moment and how to undo it: one small file per fault in `home/chaos`.

The file is on disk before anything is touched and goes when all is undone, so whoever comes after a
command that was killed finds it. Undoing twice does no harm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil
from pydantic import TypeAdapter

from fraudctl.home import typed_files
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault that is on. `memo` is what its means needs to undo it; `pid` is who keeps it up."""

    fault: str
    means: str
    memo: Mapping[str, object]
    began_ms: int
    pid: int
    pid_started: float

    @property
    def is_kept_up(self) -> bool:
        """Whether the command that made it still lives and will undo it."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return process.create_time() == self.pid_started and process.status() != psutil.STATUS_ZOMBIE
        return False


_ENTRY: Final = TypeAdapter(Entry)


def folder(home: Path) -> Path:
    return home / "chaos"


def entries(home: Path) -> list[Entry]:
    """All that is on, the oldest first. Damaged where an entry does not tell."""
    found = []
    for path in folder(home).glob("*.json"):
        entry = typed_files.read(path, _ENTRY, "remove it, then run: fraudctl down && fraudctl up")
        if entry is not None:
            found.append(entry)
    return sorted(found, key=lambda entry: entry.began_ms)


def note(home: Path, fault: str, means: str, memo: Mapping[str, object], now_ms: int) -> Entry:
    """Put on disk that this is about to be done by this process."""
    entry = Entry(fault, means, memo, now_ms, os.getpid(), psutil.Process().create_time())
    write_atomically(_file(home, fault), json.dumps({"format": typed_files.FORMAT, **asdict(entry)}) + "\n")
    return entry


def clear(home: Path, fault: str) -> None:
    """It is undone."""
    with suppress(FileNotFoundError):
        _file(home, fault).unlink()


def undo_all(stack: Stack, undo: Callable[[Stack, Entry], None], also_kept_up: bool = False) -> list[str]:
    """Undo what nobody keeps up any more; the names of the faults that were undone."""
    done = []
    for entry in entries(stack.home):
        if also_kept_up or not entry.is_kept_up:
            undo(stack, entry)
            clear(stack.home, entry.fault)
            done.append(entry.fault)
    return done


def _file(home: Path, fault: str) -> Path:
    return folder(home) / f"{fault}.json"
