"""The local engine: a stack as supervised processes on this machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fraudctl.engines import chosen, health
from fraudctl.engines.contract import Check, Ended, Line, ProgramState, ServerHealth, Wish
from fraudctl.engines.local import checks, commands, inventory, logs, start
from fraudctl.engines.local.configuration import socket_path
from fraudctl.engines.local.processes import supervisor_pid
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.engines.waiting import program_names_of, together
from fraudctl.errors import UsageError
from fraudctl.home import folder as homes
from fraudctl.home.folder import Removed
from fraudctl.home.stack import Paths, Stack
from fraudctl.servers import BaseServer, discover


class Engine:
    """A stack as supervised processes on this machine."""

    has_processes = True

    @property
    def is_elsewhere(self) -> bool:
        return False

    def live_job(self, stack: Stack) -> None:
        return None

    def up(self, wish: Wish) -> Stack:
        return start.up(wish)

    def down(self, home: Path) -> bool:
        """Workers first, servers last; all at once where `stack.json` cannot be used, or tells of others."""
        supervisor = Supervisor(Paths(home))
        ran = supervisor.pid is not None
        for wave in inventory.stop_waves(home) if ran else ():
            together(supervisor.stop_program, wave)
        supervisor.shut_down()
        with suppress(FileNotFoundError):
            socket_path(home).unlink()
        return ran

    def purge(self, home: Path) -> Removed:
        """What the stack wrote in the home and beside it.

        UsageError where the folder is no home, or one that must not go (see `homes.refuse_unremovable`).
        """
        if not os.path.lexists(home):
            return Removed(home)
        homes.refuse_unremovable(home)
        self.down(home)
        outside = [path for kind in discover().values() for path in kind.outside(Paths(home))]
        return homes.remove(home, outside)

    def is_running(self, home: Path) -> bool:
        return supervisor_pid(home) is not None

    def health(self, stack: Stack) -> list[ServerHealth]:
        return health.health(stack, self.programs(stack), lambda server: program_names_of(server.programs()))

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        return self.seen_in(stack.home)

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        return Supervisor(Paths(home)).told()

    def start(self, stack: Stack, program: str) -> None:
        Supervisor(stack.paths).start_program(program)

    def stop(self, stack: Stack, program: str) -> None:
        Supervisor(stack.paths).stop_program(program)

    def kill(self, stack: Stack, program: str) -> None:
        """The process itself; what it has started ends with it or is found by its next start."""
        state = self.programs(stack).get(program)
        if state and state.pid:
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)

    def restart(self, stack: Stack, name: str, wait_s: float) -> list[str]:
        supervisor = Supervisor(stack.paths)
        server = chosen.servers(stack).get(name)
        programs = _programs_of(name, server, list(supervisor.states()))
        for program in reversed(programs):
            supervisor.stop_program(program)
        for program in programs:
            supervisor.start_program(program)
        wait = supervisor.waiting(time.monotonic() + wait_s)
        if server:
            wait.for_servers([server])
        else:
            wait.for_programs(programs)
        return programs

    def log_names(self, home: Path) -> list[str]:
        return sorted(log.stem for log in Paths(home).logs.glob("*.log"))

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        return logs.read(Paths(home), programs, lines, follow)

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        return commands.run(inventory.described(stack)[program], argv, wait_s)

    def examine(self, home: Path, environ: Mapping[str, str]) -> list[Check]:
        return checks.examine(home, environ)


def _programs_of(name: str, server: BaseServer | None, there: Sequence[str]) -> list[str]:
    """Those of a server, or the single program of that name."""
    if server:
        return program_names_of(server.programs())
    if name not in there:
        raise UsageError(f"there is no server or program {name!r}", hint=f"there are: {', '.join(there)}")
    return [name]
