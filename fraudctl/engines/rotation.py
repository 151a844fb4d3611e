"""Another secret for a server of a running stack, without losing a decision.

Who is let in stays in, and whoever comes anew reads the secret from its file: writers wait and go on. The job
ends with a savepoint before that of Kafka or Flink changes, and begins from it after.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudctl import engines
from fraudctl.console.progress import Progress
from fraudctl.engines import chosen, external
from fraudctl.engines.waiting import reason_not_ready
from fraudctl.errors import Failed, NotReady, Unhealthy, UsageError
from fraudctl.home import undertakings
from fraudctl.home.jobs import wanted_live
from fraudctl.home.stack import NEEDED_BY_JOBS, Stack
from fraudctl.home.undertakings import Undertaking
from fraudctl.jobs import live
from fraudctl.servers import BaseServer
from fraudctl.waiting import until


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done for one server."""

    name: str
    file: Path
    was_restarted: bool


def servers(stack: Stack) -> dict[str, BaseServer]:
    """Those of this stack that have a secret of ours. UsageError where its servers have none of this kind."""
    if not stack.is_closed or stack.engine != chosen.LOCAL:
        raise UsageError(
            f"secrets of a stack of the engine {stack.engine} cannot be rotated",
            hint="this is for the local engine's; one of an earlier version: fraudctl down && fraudctl up",
        )
    return {name: one for name, one in chosen.servers(stack).items() if one.has_secret}


def check(stack: Stack, names: list[str]) -> list[str]:
    """The servers named, all where none is. UsageError for one that has no secret of ours."""
    known = servers(stack)
    for name in names:
        if name in external.names(stack):
            mend = "change it there, then replace the file that the profile names: it is read by itself"
            raise UsageError(f"{name} is not ours to run", hint=mend)
        if name not in known:
            raise UsageError(f"{name} has no secret", hint=f"there are: {', '.join(known)}")
    return names or list(known)


def rotate(stack: Stack, names: list[str], wait_s: float, shown: Progress) -> list[Rotated]:
    """Another secret for each of these servers, which answer to it when this returns."""
    with _without_job(stack, names, wait_s, shown):
        return [_rotate(stack, name, wait_s, shown) for name in names]


def _rotate(stack: Stack, name: str, wait_s: float, shown: Progress) -> Rotated:
    server = servers(stack)[name]
    shown.update(0, f"another secret for {server.title}")
    try:
        must_restart = server.rotate()
    except NotReady as error:
        raise Unhealthy(f"{server.title} has kept its secret: {error.message}", hint=server.hint) from error
    if must_restart:
        engines.of(stack).restart(stack, name, wait_s)
    until(lambda: not reason_not_ready(server), wait_s, lambda: _deaf(server))
    return Rotated(name, stack.paths.secret_file(name), must_restart)


def _deaf(server: BaseServer) -> Failed:
    why = reason_not_ready(server)
    return Failed(f"{server.title} does not answer to its new secret: {why}", server.hint)


@contextmanager
def _without_job(stack: Stack, names: list[str], wait_s: float, shown: Progress) -> Iterator[None]:
    """The live job ends with a savepoint and goes on from it, where it would notice.

    One that was ended for a change that was killed half way goes on as well.
    """
    cut = undertakings.cut_off(stack.home)
    runs = wanted_live(stack).wanted == "running"
    is_concerned = bool(NEEDED_BY_JOBS & set(names)) if runs else bool(cut and cut.restarts_job)
    stops = stack.runs_jobs and is_concerned
    command = shlex.join(["fraudctl", "secrets", "rotate", *names, "--yes"])
    with undertakings.begun(stack.home, Undertaking(command, tuple(names), restarts_job=stops)):
        if not stops:
            yield
            return
        try:
            if runs:
                live.stop(stack, wait_s, shown)
            yield
        finally:
            if wanted_live(stack).wanted != "running":  # it is where the job could not be stopped
                live.start(stack, wait_s, shown)
