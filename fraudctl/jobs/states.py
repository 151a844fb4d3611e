"""The checkpoints and savepoints of a stack, wherever its profile has them live."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fraudctl.flink.file_uri import one_form
from fraudctl.home.jobs import last_savepoint
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.states import damage
from fraudctl.states.place import RestorePoint, newest_first
from fraudctl.states.places import Places, places

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger(__name__)


def of(stack: Stack) -> Places:
    """The places of this stack. Asks nothing yet."""
    return places(stack.home, stack.profile.checkpoints)


def of_past(stack: Stack, run: int) -> str:
    """Where Flink is to put the checkpoints of a bounded job; empty where its cluster has to say it."""
    is_seen = stack.is_kept or stack.profile.checkpoints is not None
    return of(stack).folder("checkpoints", f"past-{run}") if is_seen else ""


def restore_points(stack: Stack) -> list[RestorePoint]:
    """Every complete checkpoint and savepoint, by the time of completion, the newest first.

    PlaceDown where a place cannot be asked.
    """
    where = of(stack)
    found = where.points()
    try:
        remembered = last_savepoint(stack.home)
    except (Damaged, Newer) as failure:
        # What it names was put below savepoints/ as well.
        log.warning("%s; looking at the savepoints that are there", failure.message)
        remembered = None
    is_known = remembered is None or one_form(remembered) in {point.path for point in found}
    if not is_known and remembered and (point := where.point(remembered)):
        found.append(point)
    return newest_first(found)


def flaw(stack: Stack, point: RestorePoint) -> str | None:
    """What is wrong with a state of this stack, in words; None where it is whole."""
    return damage.flaw(of(stack), point)
