"""Which checkpoints and savepoints of a home nobody can need any more, and deleting them.

Kept are the newest three savepoints, the newest three points that a restart of the run in force may use,
everything that is named where a start would look for it, and every folder that one of these refers to: an
incremental checkpoint may use files of an earlier job, whose paths stand in its metadata. Folders of jobs
that run are never touched, and unfinished savepoints are left alone.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.flink.file_uri import local_path
from fraudctl.home.jobs import KeeperState, RestorePoint, last_savepoint, restore_points, wanted_live
from fraudctl.home.typed_files import Damaged, Newer

if TYPE_CHECKING:
    from fraudctl.flink.rest import Flink
    from fraudctl.home.stack import Stack

log = logging.getLogger("keeper")

SAVEPOINTS = 3
POINTS = 3
_JOB = re.compile(r"[0-9a-f]{32}")


def prune(stack: Stack, flink: Flink, keeper: KeeperState) -> bool:
    """Deletes what the run in force cannot need any more, and says so in the log.

    False where Flink replaced a checkpoint meanwhile, so that nothing was deleted.
    """
    folders = job_folders(stack.home)
    alive = {job.job_id for job in flink.jobs() if not job.ended}
    try:
        old = doomed(stack.home, folders, keeper.run, _named(stack, keeper), alive)
    except FileNotFoundError:
        return False
    except (Damaged, Newer) as failure:
        log.error("%s; deleting no old state, which it may name", failure.message)
        return True
    for folder in old:
        log.info("deleting %s: no restart can need it", folder)
    delete(old)
    return True


def _named(stack: Stack, keeper: KeeperState) -> set[str]:
    """The paths that a start may be asked to use. Damaged where they cannot all be known."""
    asked, remembered = wanted_live(stack).restore, last_savepoint(stack.home)
    paths = (keeper.base, keeper.restored_from, asked, remembered)
    return {path for path in paths if path} - {"latest", "none"}


def job_folders(home: Path) -> list[Path]:
    """The folders in which jobs have put checkpoints, one for each job."""
    return sorted(
        path
        for path in home.glob("checkpoints/*/*")
        if path.is_dir() and not path.is_symlink() and _JOB.fullmatch(path.name)
    )


def doomed(
    home: Path, folders: Sequence[Path], run: int | None, named: Collection[str], alive: Collection[str]
) -> list[Path]:
    """What may go. `named` are paths that a start may be asked to use, `alive` the ids of jobs that have not
    ended; `folders` must have been listed before `alive` was asked for. Nothing where no run is in force, or
    it has no point of its own yet. FileNotFoundError when Flink replaces a checkpoint meanwhile.
    """
    points = restore_points(home)
    if run is None or not any(point.run == run for point in points):
        return []
    kept = _kept(points, run, named)
    metadata = [(path / "_metadata").read_bytes() for path in kept]
    old_jobs = [
        folder
        for folder in folders
        if folder.name not in alive
        and not any(path.is_relative_to(folder) for path in kept)
        and not any(folder.name.encode() in content for content in metadata)
    ]
    # What somebody has put beside them, or links there, is not of a job.
    savepoints = (path.parent for path in home.glob("savepoints/run-*/savepoint-*/_metadata"))
    return old_jobs + sorted(path for path in savepoints if path not in kept and not path.is_symlink())


def delete(folders: Sequence[Path]) -> None:
    """Each goes as a whole: its metadata first, so that half of it is never taken for a point."""
    for folder in folders:
        for metadata in (folder / "_metadata", *folder.glob("chk-*/_metadata")):
            with suppress(FileNotFoundError):
                metadata.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # only if it is empty


def _kept(points: Sequence[RestorePoint], run: int, named: Collection[str]) -> set[Path]:
    """The complete points that stay; `points` are the newest first."""
    savepoints = [point for point in points if point.is_savepoint][:SAVEPOINTS]
    usable = [point for point in points if point.run == run][:POINTS]
    paths = {local_path(path) for path in (*named, *(point.path for point in (*savepoints, *usable)))}
    return {path for path in paths if (path / "_metadata").is_file()}
