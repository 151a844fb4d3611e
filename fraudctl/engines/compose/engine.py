"""The Compose engine: a stack as containers, from the files in `compose/`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fraudctl.engines import chosen, external, health, inside
from fraudctl.engines.compose import checks, logs, services, start
from fraudctl.engines.compose.containers import Containers
from fraudctl.engines.compose.project import Project
from fraudctl.engines.contract import Check, Ended, Line, ProgramState, ServerHealth, Wish
from fraudctl.engines.waiting import together
from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.home import folder as homes
from fraudctl.home.folder import Removed
from fraudctl.home.stack import Paths, Stack, read
from fraudctl.servers import BaseServer


class Engine:
    """A stack as containers.

    Beside those it starts it knows a stack that `docker compose up` started alone: seen from a container of
    that stack it has no `inside` of its own, its servers answer, and nobody there looks after its programs.
    """

    @property
    def has_processes(self) -> bool:
        return Containers(Path()).are_here

    @property
    def is_elsewhere(self) -> bool:
        return False

    def live_job(self, stack: Stack) -> None:
        return None

    def up(self, wish: Wish) -> Stack:
        return start.up(wish)

    def down(self, home: Path) -> bool:
        """Workers first, servers last; their logs stay in the home, their volumes with Docker. Failed without
        Docker, which is no proof that nothing runs."""
        there = Containers(home)
        if not there.exist():
            return False
        for wave in _stop_waves(home, list(there.all())):
            together(there.stop, wave)
        logs.keep(home)
        Project(Paths(home)).remove(with_volumes=False)
        return True

    def purge(self, home: Path) -> Removed:
        """Containers, network and volumes of the stack, and what it wrote in the home.

        UsageError where the folder is no home, or one that must not go (see `homes.refuse_unremovable`),
        Failed where Docker cannot be asked: then all is left as it is. The home is marked before the first
        volume goes: cut off after that, it is no home any more that `up` could go on with.
        """
        if not os.path.lexists(home):
            return Removed(home)
        homes.refuse_unremovable(home)
        checks.refuse_without_docker(home)
        homes.begin_purge(home)
        Project(Paths(home)).remove(with_volumes=True)
        Containers(home).remove_data()
        return homes.remove(home)

    def is_running(self, home: Path) -> bool:
        """NotRunning, with the reason, where nobody can say: the stack is of containers, Docker is away."""
        if _is_alone(home):
            return True
        if not Paths(home).run.is_dir():
            return False
        try:
            return Containers(home).exist()
        except Failed as error:
            if not _is_of_containers(home):
                return False
            said = f"whether the stack in {home} runs is not known: {error.message}"
            raise NotRunning(said, hint=error.hint) from error

    def health(self, stack: Stack) -> list[ServerHealth]:
        if stack.inside is None:
            return [_asked(stack, name) for name in stack.addresses]
        states = self.programs(stack)
        return health.health(stack, states, lambda server: _containers_of(server, list(states)))

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        return {} if stack.inside is None else self.seen_in(stack.home)

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        return Containers(home).states()

    def start(self, stack: Stack, program: str) -> None:
        Containers(stack.home).start(program)

    def stop(self, stack: Stack, program: str) -> None:
        Containers(stack.home).stop(program)

    def kill(self, stack: Stack, program: str) -> None:
        """The container with all that runs in it."""
        Containers(stack.home).kill(program)

    def restart(self, stack: Stack, name: str, wait_s: float) -> list[str]:
        there, server = Containers(stack.home), chosen.servers(stack).get(name)
        names = list(there.all())
        programs = _containers_of(server, names) if server else _of_services((name,), names)
        if not programs:
            raise UsageError(f"there is no server or program {name!r}", hint=f"there are: {', '.join(names)}")
        for program in reversed(programs):
            there.stop(program)
        for program in programs:
            there.start(program)
        wait = start.waiting(stack, time.monotonic() + wait_s)
        if server:
            wait.for_servers([server])
        else:
            wait.for_programs(programs)
        return programs

    def log_names(self, home: Path) -> list[str]:
        return logs.names(home)

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        return logs.read(home, programs, lines, follow)

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        """In the program's container."""
        container = Containers(stack.home).one(program).id
        return inside.run(["docker", "exec", container], argv, wait_s)

    def examine(self, home: Path, environ: Mapping[str, str]) -> list[Check]:
        return checks.examine(home, environ)


def _is_alone(home: Path) -> bool:
    """Whether a home is one that `docker compose up` made, which is only seen from within."""
    stack = _of_containers(home)
    return stack is not None and stack.inside is None


def _is_of_containers(home: Path) -> bool:
    return _of_containers(home) is not None


def _of_containers(home: Path) -> Stack | None:
    """The stack of a home, None where it is of another engine or cannot be read."""
    with suppress(FraudctlError):
        stack = read(home)
        return stack if stack is not None and stack.engine == start.NAME else None
    return None


def _asked(stack: Stack, name: str) -> ServerHealth:
    reason = external.reason_unwell(stack, name)
    return ServerHealth(name, external.title(name), stack.addresses[name], not reason, reason, ())


def _stop_waves(home: Path, there: Sequence[str]) -> list[list[str]]:
    """Workers, then Flink, then the rest; all at once where the stack file does not tell."""
    try:
        stack = read(home)
        ours = services.of_workers(stack) if stack is not None else []
    except FraudctlError:
        return [list(there)]
    flink = [name for name in there if name.startswith("flink-")]
    first = [name for name in there if name in ours]
    return [first, flink, [name for name in there if name not in (*first, *flink)]]


def _containers_of(server: BaseServer, there: Sequence[str]) -> list[str]:
    """Those of a server, of which there may be several for one service."""
    return _of_services(services.program_names(server), there)


def _of_services(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    return [program for program in there if program in wanted or program.rpartition("-")[0] in wanted]
