"""States in a bucket: objects whose names are the paths of files.

A bucket lists by name alone, so each question is one listing below the prefix. Times are the bucket's own,
told by the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudctl.states.place import JOB, METADATA, RestorePoint, run_of

_CHECKPOINT: Final = re.compile(rf"checkpoints/run-\d+/[^/]+/chk-\d+/{METADATA}")
_SAVEPOINT: Final = re.compile(rf"savepoints/run-\d+/[^/]+/{METADATA}")
_OURS: Final = re.compile(rf"savepoints/run-\d+/savepoint-[^/]+/{METADATA}")
_RUN: Final = re.compile(r"(?:checkpoints|savepoints)/(?:run|past)-(\d+)/")


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its name below the prefix, its size in bytes, and when it was put there (epoch ms)."""

    name: str
    size: int
    modified_ms: int


class Objects(Protocol):
    """A bucket below a prefix. Every method may raise PlaceDown; names are below the prefix."""

    url: str
    """`scheme://bucket/prefix`, without a slash at its end"""

    def listed(self, below: str = "") -> Iterator[Object]:
        """Those whose names begin so."""

    def read(self, name: str) -> bytes | None:
        """The content; None where there is no such object."""

    def remove(self, names: Sequence[str]) -> None:
        """Names that are gone are no error."""


class Bucket:
    """States below a prefix of a bucket."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._root = f"{objects.url}/"

    def folder(self, kind: str, name: str) -> str:
        return f"{self._root}{kind}/{name}"

    def holds(self, path: str) -> bool:
        return path.startswith(self._root)

    def points(self) -> list[RestorePoint]:
        kinds = ("checkpoints/run-", "savepoints/run-")
        found = [one for kind in kinds for one in self._objects.listed(kind)]
        checkpoints = [self._point(one, False) for one in found if _CHECKPOINT.fullmatch(one.name)]
        return checkpoints + [self._point(one, True) for one in found if _SAVEPOINT.fullmatch(one.name)]

    def point(self, path: str, is_savepoint: bool = True) -> RestorePoint | None:
        name = f"{self._name(path)}/{METADATA}"
        return next((self._point(one, is_savepoint) for one in self._objects.listed(name)), None)

    def metadata(self, path: str) -> bytes:
        name = f"{self._name(path)}/{METADATA}"
        if (content := self._objects.read(name)) is None:
            raise FileNotFoundError(f"{self._root}{name}")
        return content

    def sizes(self, files: Iterable[str]) -> dict[str, int]:
        wanted = {self._name(file): file for file in files if self.holds(file)}
        folders = {name.rpartition("/")[0] for name in wanted}
        found = (one for folder in sorted(folders) for one in self._objects.listed(f"{folder}/"))
        return {wanted[one.name]: one.size for one in found if one.name in wanted}

    def jobs(self) -> list[str]:
        parts = (one.name.split("/") for one in self._objects.listed("checkpoints/"))
        found = {"/".join(part[:3]) for part in parts if len(part) > 3 and JOB.fullmatch(part[2])}
        return sorted(self._root + name for name in found)

    def savepoints(self) -> list[str]:
        names = (one.name for one in self._objects.listed("savepoints/run-"))
        return sorted(self._root + name.rpartition("/")[0] for name in names if _OURS.fullmatch(name))

    def runs(self) -> set[int]:
        names = (one.name for kind in ("checkpoints/", "savepoints/") for one in self._objects.listed(kind))
        return {int(match[1]) for name in names if (match := _RUN.match(name))}

    def delete(self, folders: Sequence[str]) -> None:
        for folder in folders:
            names = [one.name for one in self._objects.listed(f"{self._name(folder)}/")]
            first = [name for name in names if name.endswith(f"/{METADATA}")]
            self._objects.remove(first)
            self._objects.remove([name for name in names if name not in first])

    def _point(self, metadata: Object, is_savepoint: bool) -> RestorePoint:
        path = self._root + metadata.name.rpartition("/")[0]
        return RestorePoint(path, metadata.modified_ms, run_of(path), is_savepoint)

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).rstrip("/")
