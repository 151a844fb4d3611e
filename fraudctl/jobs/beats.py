"""How often the keeper looks at the job: at each beat, and at every other while it runs as it is wanted.

A look is a question to Flink, and at rest the dearest that anything of ours does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from fraudctl.errors import FraudctlError
from fraudctl.home.jobs import KeeperState, WantedLive
from fraudctl.waiting import REAL, Clock, every
from pipeline.records.clock import now_ms

LOOK_EVERY_S: Final = 0.5
STEADY_MS: Final = 30_000
"""A job that runs this long after its submission ends a row of failures."""

Known = Callable[[], tuple[KeeperState, WantedLive]]
"""What the keeper found last, and what is wanted now. May raise FraudctlError."""


def beats(known: Known, now: Callable[[], int] = now_ms, clock: Clock = REAL) -> Iterator[None]:
    """Once whenever it is time for a look; never ends by itself."""
    rests = False
    for _ in every(LOOK_EVERY_S, clock):
        rests = not rests and _is_calm(known, now())
        if not rests:
            yield


def _is_calm(known: Known, at_ms: int) -> bool:
    """Whether the job has run for a while, nothing is wrong with it, and nobody wants another."""
    try:
        state, wanted = known()
    except FraudctlError:
        return False
    is_steady = state.state == "running" and at_ms - state.submitted_ms > STEADY_MS
    return is_steady and state.last_error is None and state.generation == wanted.generation
