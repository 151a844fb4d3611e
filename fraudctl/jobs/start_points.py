"""From which state of the past the live job is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fraudctl.home.jobs import KeeperState as State
from fraudctl.home.jobs import RestorePoint, run_of


@dataclass(frozen=True, slots=True)
class Start:
    """How the job is to be started: `restore` is None for a start without state, which needs a new run."""

    run: int | None
    restore: str | None


def choose(points: Sequence[RestorePoint], state: State, restore: str) -> Start:
    """The state to start from. `restore` is `latest`, `none` or a path; `points` are the newest first."""
    if restore == "none":
        return Start(None, None)
    if restore != "latest":
        return Start(run_of(restore) or state.run, restore)
    for point in points:
        if state.run is None or (point.run == state.run and point.completed_ms > state.base_ms):
            return Start(point.run, point.path)
    return Start(state.run, state.base) if state.base else Start(None, None)
