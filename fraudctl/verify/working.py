"""The folder in which a verification sorts what it compares: it goes with it, and with the next one where it
was killed. It holds who did what when, so nothing of it stays behind.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO, Final

from fraudctl.home.locks import locked
from fraudctl.home.private_files import make_folder, open_private

_NAMES: Final = "work-*"
_LOCK: Final = "lock"


class Working:
    """A folder of its own in that one, until it is closed."""

    def __init__(self, home: Path) -> None:
        make_folder(home)
        with _alone(home):
            _sweep(home)
            self.folder = Path(tempfile.mkdtemp(prefix=_NAMES.removesuffix("*"), dir=home))
            self._guard: IO[str] = open_private(self.folder / _LOCK, "a")
            assert locked(self._guard), "nobody else knows of it"

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._guard.close()


def sweep(home: Path) -> None:
    """Remove the folders of verifications that were killed."""
    if home.is_dir():
        with _alone(home):
            _sweep(home)


def _sweep(home: Path) -> None:
    for folder in home.glob(_NAMES):
        try:
            with open_private(folder / _LOCK, "a") as guard:
                if not locked(guard):
                    continue
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # gone meanwhile
            continue


def _alone(home: Path) -> IO[str]:
    """So that none is swept away between being made and being locked."""
    guard = open_private(home / _LOCK, "a")
    fcntl.flock(guard, fcntl.LOCK_EX)
    return guard
