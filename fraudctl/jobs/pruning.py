"""Which checkpoints and savepoints nobody can need any more, in the home and in a bucket, and deleting them.

Kept are the newest three savepoints, the newest three points that a restart of the run in force may use,
everything that is named where a start would look for it, and every folder that one of these refers to: an
incremental checkpoint may use files of an earlier job, whose paths stand in its metadata. Folders of jobs
that run are never touched, and unfinished savepoints are left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from fraudctl.flink.file_uri import one_form
from fraudctl.home.jobs import KeeperState, last_savepoint, wanted_live
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.jobs import states
from fraudctl.states.place import Place, RestorePoint, newest_first

if TYPE_CHECKING:
    from fraudctl.flink.rest import Flink
    from fraudctl.home.stack import Stack

log = logging.getLogger("keeper")

SAVEPOINTS = 3
POINTS = 3


def prune(stack: Stack, flink: Flink, keeper: KeeperState) -> bool:
    """Deletes what the run in force cannot need any more, and says so in the log.

    False where Flink replaced a checkpoint meanwhile, so that nothing was deleted. PlaceDown where a place
    cannot be asked.
    """
    place = states.of(stack)
    folders = place.jobs()
    alive = {job.job_id for job in flink.jobs() if not job.ended}
    try:
        old = doomed(place, folders, keeper.run, _named(stack, keeper), alive)
    except FileNotFoundError:
        return False
    except (Damaged, Newer) as failure:
        log.error("%s; deleting no old state, which it may name", failure.message)
        return True
    for folder in old:
        log.info("deleting %s: no restart can need it", folder)
    place.delete(old)
    return True


def _named(stack: Stack, keeper: KeeperState) -> set[str]:
    """The paths that a start may be asked to use. Damaged where they cannot all be known."""
    asked, remembered = wanted_live(stack).restore, last_savepoint(stack.home)
    paths = (keeper.base, keeper.restored_from, asked, remembered)
    return {path for path in paths if path} - {"latest", "none"}


def doomed(
    place: Place, folders: Sequence[str], run: int | None, named: Collection[str], alive: Collection[str]
) -> list[str]:
    """What may go. `named` are paths that a start may be asked to use, `alive` the ids of jobs that have not
    ended; `folders` must have been listed before `alive` was asked for. Nothing where no run is in force, or
    it has no point of its own yet. FileNotFoundError when Flink replaces a checkpoint meanwhile.
    """
    points = newest_first(place.points())
    if run is None or not any(point.run == run for point in points):
        return []
    kept = _kept(points, run) | _complete(place, named)
    metadata = [place.metadata(path) for path in kept]
    old_jobs = [
        folder
        for folder in folders
        if (job := folder.rpartition("/")[2]) not in alive
        and not any(path.startswith(f"{folder}/") for path in kept)
        and not any(job.encode() in content for content in metadata)
    ]
    # What somebody has put beside them, or links there, is not of a job.
    return old_jobs + sorted(path for path in place.savepoints() if path not in kept)


def _complete(place: Place, named: Collection[str]) -> set[str]:
    """Those of the named paths where there is a state."""
    found = (place.point(one_form(path)) for path in named if place.holds(path))
    return {point.path for point in found if point is not None}


def _kept(points: Sequence[RestorePoint], run: int) -> set[str]:
    """The points that a restart may use; `points` are the newest first."""
    savepoints = [point for point in points if point.is_savepoint][:SAVEPOINTS]
    usable = [point for point in points if point.run == run][:POINTS]
    return {point.path for point in (*savepoints, *usable)}
