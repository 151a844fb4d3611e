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
from typing import Any

import psutil

from fraudctl.home.stack import Stack, write_atomically


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault that is on. `memo` is what its means needs to undo it; `pid` is who keeps it up."""

    fault: str
    means: str
    memo: Mapping[str, Any]
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


def folder(home: Path) -> Path:
    return home / "chaos"


def entries(home: Path) -> list[Entry]:
    """All that is on, the oldest first."""
    found = []
    for path in folder(home).glob("*.json"):
        with suppress(FileNotFoundError):
            found.append(Entry(**json.loads(path.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda entry: entry.began_ms)


def note(home: Path, fault: str, means: str, memo: Mapping[str, Any], now_ms: int) -> Entry:
    """Put on disk that this is about to be done by this process."""
    entry = Entry(fault, means, memo, now_ms, os.getpid(), psutil.Process().create_time())
    write_atomically(_file(home, fault), json.dumps(asdict(entry)) + "\n", 0o600)
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
