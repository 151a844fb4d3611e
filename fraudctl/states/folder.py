"""States below a home, in folders of this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from fraudctl.flink.file_uri import local_path
from fraudctl.states.place import JOB, METADATA, RestorePoint, run_of


class Folder:
    """A home's own states. What somebody links there is found as a state, but never deleted."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def folder(self, kind: str, name: str) -> str:
        return (self._home / kind / name).as_uri()

    def holds(self, path: str) -> bool:
        return path.startswith("file:")

    def points(self) -> list[RestorePoint]:
        checkpoints = self._home.glob(f"checkpoints/run-*/*/chk-*/{METADATA}")
        savepoints = self._home.glob(f"savepoints/run-*/*/{METADATA}")
        found = [(path.parent, False) for path in checkpoints] + [(path.parent, True) for path in savepoints]
        points = (self.point(folder.as_uri(), is_savepoint) for folder, is_savepoint in found)
        return [point for point in points if point is not None]

    def point(self, path: str, is_savepoint: bool = True) -> RestorePoint | None:
        folder = local_path(path)
        with suppress(FileNotFoundError, NotADirectoryError):
            completed_ms = (folder / METADATA).stat().st_mtime_ns // 1_000_000
            return RestorePoint(folder.as_uri(), completed_ms, run_of(str(folder)), is_savepoint)
        return None

    def metadata(self, path: str) -> bytes:
        return (local_path(path) / METADATA).read_bytes()

    def sizes(self, files: Iterable[str]) -> dict[str, int]:
        paths = {file: local_path(file) for file in files}
        return {file: path.stat().st_size for file, path in paths.items() if path.is_file()}

    def jobs(self) -> list[str]:
        folders = (path for path in self._home.glob("checkpoints/*/*") if JOB.fullmatch(path.name))
        return sorted(path.as_uri() for path in folders if path.is_dir() and not path.is_symlink())

    def savepoints(self) -> list[str]:
        found = (path.parent for path in self._home.glob(f"savepoints/run-*/savepoint-*/{METADATA}"))
        return sorted(path.as_uri() for path in found if not path.is_symlink())

    def runs(self) -> set[int]:
        names = (path.name for kind in ("checkpoints", "savepoints") for path in self._home.glob(f"{kind}/*"))
        found = (re.fullmatch(r"(?:run|past)-(\d+)", name) for name in names)
        return {int(match[1]) for match in found if match}

    def delete(self, folders: Sequence[str]) -> None:
        for folder in map(local_path, folders):
            for metadata in (folder / METADATA, *folder.glob(f"chk-*/{METADATA}")):
                with suppress(FileNotFoundError):
                    metadata.unlink()
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                folder.parent.rmdir()  # only if it is empty
