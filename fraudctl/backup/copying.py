"""Files into a backup and out of it: as they were when a copy began, for the owner alone, with checksums."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from fraudctl.backup.manifest import File, Step
from fraudctl.home.private_files import make_folder, open_private

_BLOCK: Final = 1 << 20


class Copies:
    """The files of a backup that is being taken."""

    def __init__(self, folder: Path, step: Step) -> None:
        self.folder = folder
        self.files: dict[str, File] = {}
        self._step = step

    def take(self, source: Path, name: str) -> None:
        """As many bytes as the file has now; whoever appends meanwhile does no harm. FileNotFoundError."""
        target = self.folder / name
        make_folder(target.parent)
        with source.open("rb") as reading:
            found = os.fstat(reading.fileno())
            left, summed = found.st_size, hashlib.sha256()
            with open_private(target, "wb") as writing:
                while left and (block := reading.read(min(left, _BLOCK))):
                    writing.write(block)
                    summed.update(block)
                    left -= len(block)
                    self._step(len(block))
                writing.flush()
                os.fsync(writing.fileno())
        self.files[name] = File(found.st_size - left, summed.hexdigest(), found.st_mtime_ns)

    def put(self, name: str, content: bytes) -> None:
        """What is no file of the home."""
        target = self.folder / name
        make_folder(target.parent)
        with open_private(target, "wb") as writing:
            writing.write(content)
            writing.flush()
            os.fsync(writing.fileno())
        found = target.stat()
        self.files[name] = File(found.st_size, hashlib.sha256(content).hexdigest(), found.st_mtime_ns)


def put_back(source: Path, target: Path, said: File, step: Step) -> None:
    """With the time it had."""
    make_folder(target.parent)
    with source.open("rb") as reading, open_private(target, "wb") as writing:
        while block := reading.read(_BLOCK):
            writing.write(block)
            step(len(block))
        writing.flush()
        os.fsync(writing.fileno())
    os.utime(target, ns=(said.mtime_ns, said.mtime_ns))
