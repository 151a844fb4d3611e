"""The local engine: a stack as supervised processes on this machine.

`up` may be repeated and interrupted at any point: each step looks at what is there and does what is
missing. It knows nothing of jobs; what the keeper submits is decided by `fraudctl.jobs.live`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.engines import external, workers
from fraudctl.engines.contract import Check, Ended, Line, ProgramState, ServerHealth, Wish
from fraudctl.engines.local import checks, commands, logs, ports
from fraudctl.engines.local.supervision import Supervisor, socket_path, supervisor_pid
from fraudctl.engines.local.waiting import Wait, program_names_of, reason_not_ready
from fraudctl.errors import Failed, FraudctlError, UsageError
from fraudctl.home import folder as homes
from fraudctl.home.folder import Removed
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.stack import MEND, Paths, Stack, read
from fraudctl.home.typed_files import Damaged
from fraudctl.kafka import admin, wanted
from fraudctl.servers import BaseServer, Program, Site, discover, flink, start_waves
from fraudctl.settings.profile import Profile
from pipeline import sinks


def up(wish: Wish) -> Stack:
    """Bring the wished stack up and give it; whatever already runs stays as it is.

    What an earlier version has started is stopped first: its processes write files that others may read.
    """
    _chosen(wish.profile, wish.without)
    paths = Paths(wish.home)
    was_marked = homes.claim(wish.home)
    _make_folders(paths)
    with _only_one(paths):
        known = read(wish.home)
        running = supervisor_pid(wish.home) is not None and known is not None
        if running and known is not None and not _same(known, wish):
            _refuse_change(known)
            running = False
        if not (running and was_marked):
            Supervisor(paths).shut_down()
            running = False
        homes.close(wish.home)
        return _Start(wish, known, running).run()


def down(home: Path) -> bool:
    """Stop everything, workers first, servers last; whether anything ran.

    Where `stack.json` cannot be used, or tells of other programs, all that runs is stopped at once.
    """
    paths = Paths(home)
    supervisor = Supervisor(paths)
    ran = supervisor.pid is not None
    for wave in _stop_waves(home) if ran else ():
        _together(supervisor.stop_program, wave)
    supervisor.shut_down()
    with suppress(FileNotFoundError):
        socket_path(home).unlink()
    return ran


def purge(home: Path) -> Removed:
    """Stop everything, delete what the stack wrote, in the home and beside it, and say what is still there.

    UsageError where the folder is no home, or one that must not go (see `homes.refuse_unremovable`).
    """
    if not os.path.lexists(home):
        return Removed(home)
    homes.refuse_unremovable(home)
    down(home)
    outside = [path for kind in discover().values() for path in kind.outside(Paths(home))]
    return homes.remove(home, outside)


def servers(stack: Stack) -> dict[str, BaseServer]:
    """The servers of this stack that are ours to run."""
    chosen = _chosen(stack.profile, stack.without)
    return {name: kind(_site(stack, name)) for name, kind in chosen.items()}


def programs(stack: Stack) -> dict[str, ProgramState]:
    """Every supervised program's state by name; empty when the supervisor is not there."""
    return seen_in(stack.home)


def seen_in(home: Path) -> dict[str, ProgramState]:
    """The same, whatever `stack.json` says."""
    return {name: state.told() for name, state in Supervisor(Paths(home)).states().items()}


def restart(stack: Stack, name: str, wait_s: float = 120.0) -> list[str]:
    """Stop and start a server or a single program, and wait until it works; the programs restarted."""
    supervisor = Supervisor(stack.paths)
    ours = servers(stack)
    if name in ours:
        programs = program_names_of(ours[name].programs())
    elif name in supervisor.states():
        programs = [name]
    else:
        raise UsageError(
            f"there is no server or program {name!r}", hint=f"there are: {', '.join(supervisor.states())}"
        )
    for program in reversed(programs):
        supervisor.stop_program(program)
    for program in programs:
        supervisor.start_program(program)
    wait = Wait(supervisor, time.monotonic() + wait_s)
    if name in ours:
        wait.for_servers([ours[name]])
    else:
        wait.for_programs(programs)
    return programs


def described(stack: Stack) -> dict[str, Program]:
    """Every program of this stack as it is supervised, by name."""
    of_servers = [program for server in servers(stack).values() for program in server.programs()]
    return {program.name: program for program in [*of_servers, *workers.programs(stack)]}


def health(stack: Stack) -> list[ServerHealth]:
    """Every server, external ones too, and the pipeline's processes, each asked now."""
    states = programs(stack)
    ours = servers(stack)
    others = external.names(stack)
    with ThreadPoolExecutor(max(1, len(ours) + len(others))) as pool:
        asked = pool.map(lambda name: external.reason_unwell(stack, name), others)
        reasons = dict(zip(ours, pool.map(reason_not_ready, ours.values()), strict=True))
        unwell = dict(zip(others, asked, strict=True))
    found = [
        ServerHealth(
            name,
            server.title,
            server.address,
            not reasons[name],
            reasons[name],
            tuple(states[p] for p in program_names_of(server.programs()) if p in states),
        )
        for name, server in ours.items()
    ]
    found += [
        ServerHealth(name, external.title(name), stack.addresses[name], not unwell[name], unwell[name], ())
        for name in others
    ]
    return found + [_worker_health(program, states) for program in workers.programs(stack)]


class Engine:
    """A stack as supervised processes on this machine."""

    has_processes = True

    def up(self, wish: Wish) -> Stack:
        return up(wish)

    def down(self, home: Path) -> bool:
        return down(home)

    def purge(self, home: Path) -> Removed:
        return purge(home)

    def is_running(self, home: Path) -> bool:
        return supervisor_pid(home) is not None

    def health(self, stack: Stack) -> list[ServerHealth]:
        return health(stack)

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        return programs(stack)

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        return seen_in(home)

    def start(self, stack: Stack, program: str) -> None:
        Supervisor(stack.paths).start_program(program)

    def stop(self, stack: Stack, program: str) -> None:
        Supervisor(stack.paths).stop_program(program)

    def kill(self, stack: Stack, program: str) -> None:
        """The process itself; what it has started ends with it or is found by its next start."""
        state = programs(stack).get(program)
        if state and state.pid:
            with suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)

    def restart(self, stack: Stack, name: str, wait_s: float) -> list[str]:
        return restart(stack, name, wait_s)

    def log_names(self, home: Path) -> list[str]:
        return sorted(log.stem for log in Paths(home).logs.glob("*.log"))

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        return logs.read(Paths(home), programs, lines, follow)

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        return commands.run(described(stack)[program], argv, wait_s)

    def examine(self, home: Path, environ: Mapping[str, str]) -> list[Check]:
        return checks.examine(home, environ)


class _Start:
    """One run of `up`."""

    def __init__(self, wish: Wish, known: Stack | None, running: bool) -> None:
        self.wish, self.known, self.running = wish, known, running
        self.paths = Paths(wish.home)
        self.supervisor = Supervisor(self.paths)
        self.wait = Wait(self.supervisor, time.monotonic() + wish.wait_s)

    def run(self) -> Stack:
        classes = _chosen(self.wish.profile, self.wish.without)
        stack = self._stack(classes)
        ours = servers(stack)
        stack = replace(stack, jars=self._jars(classes, with_job=stack.runs_jobs))
        self._install(ours)
        stack = replace(stack, extra={"ready": False})
        stack.save()
        self._supervise(stack, ours)
        for wave in start_waves({name: server.needs for name, server in ours.items()}):
            self._start_servers([ours[name] for name in wave])
        self._prepare_stores(stack)
        self._start_workers(stack)
        stack = replace(stack, extra={"ready": True})
        stack.save()
        return stack

    def _stack(self, classes: Mapping[str, type[BaseServer]]) -> Stack:
        chosen = self._ports(classes)
        profile = self.wish.profile
        addresses = {name: f"127.0.0.1:{next(iter(roles.values()))}" for name, roles in chosen.items()}
        for name, settings in profile.servers.items():
            if settings.external and name not in self.wish.without:
                addresses[name] = settings.external.address
        return Stack(self.wish.home, profile, addresses, chosen, self.wish.without)

    def _ports(self, classes: Mapping[str, type[BaseServer]]) -> ports.Ports:
        if self.running and self.known:
            return {name: dict(roles) for name, roles in self.known.ports.items()}
        wanted = ports.wanted(self.wish.profile, classes)
        Supervisor(self.paths).shut_down()
        if self.wish.any_port:
            return ports.choose_free(wanted, self.known.ports if self.known else {})
        ports.check_free(wanted)
        return wanted

    def _jars(self, classes: Mapping[str, type[BaseServer]], with_job: bool) -> dict[str, str]:
        """Fetch every jar that is missing; build the kernel if there will be a job; its jars by name."""
        cache = artifacts.cache_dir()
        uses = {kind.jar_use for kind in classes.values()} | (
            {"connector", "compiler"} if with_job else set()
        )
        uses |= {"compiler" for kind in classes.values() if kind.compiles}
        artifacts.fetch([artifact for artifact in artifacts.lock() if artifact.use in uses], cache)
        if not with_job:
            return {}
        flink.build_kernel(cache)
        kernel, connector = flink.job_jars(cache)
        return {"connector": str(connector), "kernel": str(kernel)}

    def _install(self, ours: Mapping[str, BaseServer]) -> None:
        states = seen_in(self.wish.home)
        idle = [s for s in ours.values() if not all(_runs(states, p.name) for p in s.programs())]
        _together(lambda server: server.install(), idle)
        _together(lambda server: server.prepare(), idle)

    def _supervise(self, stack: Stack, ours: Mapping[str, BaseServer]) -> None:
        workers.write_configurations(stack)
        programs = [program for server in ours.values() for program in server.programs()]
        changed = self.supervisor.configure([*programs, *workers.programs(stack)])
        if self.supervisor.pid is None:
            self.supervisor.start()
        elif changed:
            self.supervisor.reload()

    def _start_servers(self, wave: Sequence[BaseServer]) -> None:
        for server in wave:
            for program in server.programs():
                self.supervisor.start_program(program.name)
        self.wait.for_servers(wave)

    def _prepare_stores(self, stack: Stack) -> None:
        if "kafka" in stack.addresses:
            admin.create(stack.kafka, wanted.specs(stack.profile))
        for sink in filter(stack.feeds, stack.profile.sinks):
            sinks.prepare(sink, stack.sink_address(sink), stack.secret(sink))

    def _start_workers(self, stack: Stack) -> None:
        names = program_names_of(workers.programs(stack))
        for name in names:
            self.supervisor.start_program(name)
        self.wait.for_programs(names)


def _chosen(profile: Profile, without: Sequence[str]) -> dict[str, type[BaseServer]]:
    everything = discover()
    for name in without:
        if name not in everything:
            raise UsageError(f"there is no server {name!r}", hint=f"there are: {', '.join(everything)}")
    return {
        name: kind
        for name, kind in everything.items()
        if name not in without
        and profile.server(name).external is None
        and (not kind.for_sink or name in profile.sinks)
    }


def _site(stack: Stack, name: str) -> Site:
    if name not in stack.ports:
        raise Damaged(f"{stack.paths.stack_file} is damaged: ports.{name}: field required", hint=MEND)
    return Site(stack.paths, stack.ports[name], stack.profile.server(name), artifacts.cache_dir())


def _same(known: Stack, wish: Wish) -> bool:
    return known.without == wish.without and known.profile.as_document() == wish.profile.as_document()


def _refuse_change(known: Stack) -> None:
    if known.extra.get("ready"):
        raise Failed(
            f"a stack with other settings (profile {known.profile.name}) runs in {known.home}",
            hint="run: fraudctl down, then fraudctl up with the new settings; other rules alone need no "
            "restart: fraudctl rules apply FILE",
            code="other_settings",
        )


def _make_folders(paths: Paths) -> None:
    for folder in (paths.home, paths.run, paths.logs, paths.jobs, paths.secrets, paths.home / "data"):
        make_folder(folder)


@contextmanager
def _only_one(paths: Paths) -> Iterator[None]:
    """Refuse a second `up` of the same home at the same time."""
    with open_private(paths.run / "up.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another `up` is at work in {paths.home}", hint="wait for it to end") from None
        yield


def _stop_waves(home: Path) -> list[list[str]]:
    """Programs in the order of stopping; none where the stack file does not tell."""
    try:
        stack = read(home)
        if stack is None:
            return []
        return [program_names_of(workers.programs(stack)), *reversed(_server_waves(stack))]
    except FraudctlError:
        return []


def _server_waves(stack: Stack) -> list[list[str]]:
    ours = servers(stack)
    waves = start_waves({name: server.needs for name, server in ours.items()})
    return [[p for name in wave for p in program_names_of(ours[name].programs())] for wave in waves]


def _worker_health(program: Program, states: Mapping[str, ProgramState]) -> ServerHealth:
    state = states.get(program.name)
    alive = state is not None and state.runs
    reason = "" if alive else f"it is {state.condition if state else 'not there'}"
    return ServerHealth(program.name, program.name, "", alive, reason, (state,) if state else ())


def _runs(states: Mapping[str, ProgramState], name: str) -> bool:
    return name in states and states[name].runs


def _together(act: Callable[[Any], object], on: Sequence[Any]) -> None:
    """Do the same to several things at once; the first failure is raised when all are done."""
    if on:
        with ThreadPoolExecutor(len(on)) as pool:
            list(pool.map(act, on))
