"""What a backup says of itself: every file with size and checksum. Written last: a part is no backup."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from fraudctl.errors import Difference, UsageError
from fraudctl.home import typed_files
from fraudctl.home.private_files import write_atomically

NAME: Final = "manifest.json"
UNFINISHED: Final = "unfinished"
"""a file that is there while a backup is taken, and where that was cut off"""
FORMAT: Final = 1
_BLOCK: Final = 1 << 20
_SHOWN: Final = 5

Step = Callable[[int], None]
"""Told of each piece that was read: its bytes."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a backup."""

    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` by their paths in the backup. `run` and `state` are the job's: None where it never ran, and
    where it begins anew."""

    version: str
    created_ms: int
    home: str
    run: int | None
    state: str | None
    """the savepoint in the backup, or the URI of one that is elsewhere"""
    has_log: bool
    """whether the log is in it: not that of a Kafka which is not ours"""
    cut_topics: tuple[str, ...]
    """topics whose first records were gone from the log by then: from these no store is made whole again"""
    files: Mapping[str, File] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(one.size for one in self.files.values())

    def write(self, folder: Path) -> str:
        """Complete the backup; the checksum of the manifest, which stands for all of it."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
        write_atomically(folder / NAME, text)
        (folder / UNFINISHED).unlink(missing_ok=True)
        return hashlib.sha256(text.encode()).hexdigest()


_KIND: Final = TypeAdapter(Manifest)


def read(folder: Path) -> Manifest:
    """Of a complete backup. UsageError where there is none; Damaged, Newer."""
    found = typed_files.read(folder / NAME, _KIND, "take another backup", FORMAT)
    if found is None and is_unfinished(folder):
        raise UsageError(
            f"{folder} is a backup that was cut off while it was taken",
            hint=f"give it again, which begins anew: fraudctl backup create {shlex.quote(str(folder))}",
            code="no_backup",
        )
    if found is None:
        raise UsageError(
            f"{folder} is no backup, or one that was never completed: it has no {NAME}",
            hint="name the folder that was given to: fraudctl backup create",
            code="no_backup",
        )
    return found


def is_unfinished(folder: Path) -> bool:
    """Whether a backup was begun there and never completed."""
    return (folder / UNFINISHED).is_file() and not (folder / NAME).exists()


def checksum(folder: Path) -> str:
    """Of the manifest, as `write` told it."""
    return hashlib.sha256((folder / NAME).read_bytes()).hexdigest()


def verify(folder: Path, step: Step = lambda _: None) -> Manifest:
    """Read every file. Difference where one is missing, was changed, or does not belong there."""
    manifest = read(folder)
    problems = list(_problems(folder, manifest, step))
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise Difference(
            f"the backup in {folder} is not what was taken: {'; '.join(problems[:_SHOWN])}{more}",
            hint="take another one; nothing of this is restored",
            code="backup_changed",
        )
    return manifest


def _problems(folder: Path, manifest: Manifest, step: Step) -> Iterator[str]:
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    yield from (f"{name} is missing" for name in sorted(manifest.files.keys() - there))
    yield from (
        f"{name} does not belong to it" for name in sorted(there - manifest.files.keys() - {NAME, UNFINISHED})
    )
    for name in sorted(manifest.files.keys() & there):
        path, said = folder / name, manifest.files[name]
        if path.is_symlink() or path.stat().st_size != said.size or digest(path, step) != said.sha256:
            yield f"{name} was changed"


def digest(path: Path, step: Step = lambda _: None) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
            step(len(block))
    return found.hexdigest()
