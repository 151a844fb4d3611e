"""All the places where a stack's states may be: the home always, and the bucket that its profile names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states.bucket import Bucket
from fraudctl.states.folder import Folder
from fraudctl.states.gcs import Gcs
from fraudctl.states.place import Place, RestorePoint
from fraudctl.states.s3 import S3


class Places:
    """Several places as one. New states are put into the last, old ones are found in all of them."""

    def __init__(self, *places: Place) -> None:
        self._places = places

    def folder(self, kind: str, name: str) -> str:
        return self._places[-1].folder(kind, name)

    def holds(self, path: str) -> bool:
        return any(place.holds(path) for place in self._places)

    def points(self) -> list[RestorePoint]:
        return [point for place in self._places for point in place.points()]

    def point(self, path: str, is_savepoint: bool = True) -> RestorePoint | None:
        found = (place.point(path, is_savepoint) for place in self._places if place.holds(path))
        return next((point for point in found if point is not None), None)

    def metadata(self, path: str) -> bytes:
        for place in self._places:
            if place.holds(path):
                return place.metadata(path)
        raise FileNotFoundError(path)

    def sizes(self, files: Iterable[str]) -> dict[str, int]:
        wanted = tuple(files)
        found: dict[str, int] = {}
        for place in self._places:
            found |= place.sizes([file for file in wanted if place.holds(file)])
        return found

    def jobs(self) -> list[str]:
        return [folder for place in self._places for folder in place.jobs()]

    def savepoints(self) -> list[str]:
        return [folder for place in self._places for folder in place.savepoints()]

    def runs(self) -> set[int]:
        return {run for place in self._places for run in place.runs()}

    def delete(self, folders: Sequence[str]) -> None:
        for place in self._places:
            place.delete([folder for folder in folders if place.holds(folder)])


def places(home: Path, bucket: Checkpoints | None) -> Places:
    """Those of a home whose profile says this of checkpoints. Asks nothing yet."""
    return Places(Folder(home), *([Bucket(objects(bucket))] if bucket else []))


def objects(bucket: Checkpoints) -> S3 | Gcs:
    """What a bucket is asked by."""
    return Gcs(bucket) if bucket.scheme == "gs" else S3(bucket)
