"""Where a benchmark may write: a place of its own in each store, made before and deleted after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from pipeline.sinks import trials
from pipeline.sinks.trials import NotDone, Place


def place(stack: Stack, sink: str, token: str) -> Place:
    """A place for that sink under the token's name; what `make` and `drop` raise is Failed.

    UsageError for a sink this stack does not have, or whose store has no places.
    """
    if sink not in stack.profile.sinks or not stack.feeds(sink):
        known = ", ".join(name for name in stack.profile.sinks if stack.feeds(name))
        raise UsageError(f"there is no sink {sink}", hint=f"sinks of this stack: {known}", code="no_sink")
    there = trials.with_places()
    if sink not in there:
        raise UsageError(f"there is no benchmark for {sink}", hint=f"there is one for {', '.join(there)}")
    found = trials.place(
        sink,
        stack.sink_address(sink),
        stack.secret_path(sink),
        stack.profile.sinks[sink],
        token,
        stack.home / "bench" / f"{token}-{sink}",
    )
    return replace(found, make=_explained(found.make), drop=_explained(found.drop))


def _explained(act: Callable[[], None]) -> Callable[[], None]:
    def explained() -> None:
        try:
            act()
        except NotDone as error:
            raise Failed(str(error), hint=error.hint) from error

    return explained
