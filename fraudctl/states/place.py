"""What a place of checkpoints and savepoints can do, whatever it is.

Both lie in it in one layout: `checkpoints/run-N/JOB/chk-M` with the files that the checkpoints of a job share
beside them, and `savepoints/run-N/savepoint-…`. What has a `_metadata` is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudctl.errors import Failed
from pipeline.connections.trouble import Trouble

METADATA: Final = "_metadata"
JOB: Final = re.compile(r"[0-9a-f]{32}")
"""what Flink calls the folder of a job"""


class PlaceDown(Failed):
    """A place cannot be asked, or lets us not in; the message names it and says why."""

    code = "states_place"
    trouble: Trouble | None = None
    """what kind of failure it is, where that is known"""


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A complete checkpoint or savepoint. `run` is None when its path does not tell."""

    path: str
    completed_ms: int
    run: int | None
    is_savepoint: bool


class Place(Protocol):
    """Where states live. Every method may raise PlaceDown."""

    def folder(self, kind: str, name: str) -> str:
        """The URI below which Flink is to put `checkpoints` or `savepoints` of that name."""

    def holds(self, path: str) -> bool:
        """Whether a state at that URI can be looked at here."""

    def points(self) -> list[RestorePoint]:
        """Every complete checkpoint and savepoint of a run, in any order."""

    def point(self, path: str, is_savepoint: bool = True) -> RestorePoint | None:
        """The complete one at that URI; None where there is none."""

    def metadata(self, path: str) -> bytes:
        """The metadata of a complete one. FileNotFoundError where it is gone."""

    def sizes(self, files: Iterable[str]) -> dict[str, int]:
        """The sizes of those among these files that are there, in bytes."""

    def jobs(self) -> list[str]:
        """The folders in which jobs have put checkpoints, one for each job."""

    def savepoints(self) -> list[str]:
        """The complete savepoints that Flink has put below runs."""

    def runs(self) -> set[int]:
        """The numbers of the runs, also of past data, that have a folder."""

    def delete(self, folders: Sequence[str]) -> None:
        """Each goes as a whole: its metadata first, so that half of it is never taken for a point."""


def run_of(path: str) -> int | None:
    """The run that a checkpoint or savepoint belongs to, as its path tells."""
    match = re.search(r"/run-(\d+)(?:/|$)", path)
    return int(match[1]) if match else None


def newest_first(points: Iterable[RestorePoint]) -> list[RestorePoint]:
    """By the time of completion, each once. Where two took the same second, savepoints, then by number."""
    return sorted(set(points), key=_age, reverse=True)


def _age(point: RestorePoint) -> tuple[int, bool, int, str]:
    number = re.search(r"/chk-(\d+)$", point.path)
    return point.completed_ms, point.is_savepoint, int(number[1]) if number else 0, point.path
