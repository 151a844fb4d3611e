"""From which state of the past the live job is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fraudctl.errors import Failed
from fraudctl.home.jobs import KeeperState as State
from fraudctl.states.place import RestorePoint, run_of

_ANEW = "put it back from a copy, or begin anew: fraudctl job stop, fraudctl job submit --from none"


@dataclass(frozen=True, slots=True)
class Start:
    """How the job is to be started: `restore` is None for a start without state, which needs a new run."""

    run: int | None
    restore: str | None
    passed_over: tuple[str, ...] = ()
    """newer states that are damaged: each with what is wrong"""


def choose(
    points: Sequence[RestorePoint],
    state: State,
    restore: str,
    flaw: Callable[[RestorePoint], str | None] = lambda _: None,
) -> Start:
    """The state to start from. `restore` is `latest`, `none` or a path; `points` are the newest first.

    Of a state that it may take, `flaw` says what is wrong with it; then the next older one is taken. Failed
    where all are damaged: to begin anew in silence would forget what they held.
    """
    if restore == "none":
        return Start(None, None)
    if restore != "latest":
        return Start(run_of(restore) or state.run, restore)
    damaged: list[str] = []
    for point in points:
        if state.run is None or (point.run == state.run and point.completed_ms > state.base_ms):
            if (wrong := flaw(point)) is None:
                return Start(point.run, point.path, tuple(damaged))
            damaged.append(f"{point.path}: {wrong}")
    if state.base:
        return Start(state.run, state.base, tuple(damaged))
    if damaged:
        raise Failed(f"every state is damaged; the newest: {damaged[0]}", hint=_ANEW, code="states_damaged")
    return Start(None, None)
