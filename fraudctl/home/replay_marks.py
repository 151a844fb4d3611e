"""Which replays of a home are at work, and which have died without a word, leaving their topics.

A file below `home/replays` names the process of one and its topics; it is written before these are made and
removed after they were dropped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from fraudctl.home import typed_files
from fraudctl.home.jobs import write_json
from pipeline.rules.plugins.watch import began

_MEND: Final = "remove it; topics of that replay may remain"


@dataclass(frozen=True, slots=True)
class Mark:
    """The topics of a process; when that began tells it from a later one with the same pid."""

    pid: int
    began: str | None
    topics: tuple[str, ...]

    @property
    def is_dead(self) -> bool:
        return self.began != began(self.pid)


_MARK: Final = TypeAdapter(Mark)


def leave(home: Path, name: str, topics: Sequence[str]) -> Path:
    """Mark a replay of this process; where the mark lies."""
    path = _folder(home) / f"{name}.json"
    noted = {"pid": os.getpid(), "began": began(os.getpid()), "topics": list(topics)}
    write_json(path, {"format": typed_files.FORMAT, **noted})
    return path


def of(home: Path) -> dict[Path, Mark]:
    """Every mark, by where it lies. Damaged, Newer."""
    found = {path: typed_files.read(path, _MARK, _MEND) for path in sorted(_folder(home).glob("*.json"))}
    return {path: mark for path, mark in found.items() if mark is not None}


def dead(home: Path) -> list[str]:
    """The names of replays whose process is gone. Damaged, Newer."""
    return [path.stem for path, mark in of(home).items() if mark.is_dead]


def _folder(home: Path) -> Path:
    return home / "replays"
