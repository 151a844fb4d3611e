"""One run of `up`: each step looks at what is there and does what is missing.

It may be repeated, and interrupted at any point. It knows nothing of jobs; what the keeper submits is decided
by `fraudctl.jobs.live`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fraudctl.binaries import artifacts
from fraudctl.console.streams import say
from fraudctl.engines import beginning, chosen, external, ports, workers
from fraudctl.engines.contract import Wish
from fraudctl.engines.local.confinement import confined
from fraudctl.engines.local.runner import runner
from fraudctl.engines.local.supervision import ProcessState, Supervisor
from fraudctl.engines.waiting import program_names_of, together
from fraudctl.errors import UsageError
from fraudctl.flink.cluster import SLOTS
from fraudctl.home import folder as homes
from fraudctl.home import undertakings
from fraudctl.home.jobs import wanted_live
from fraudctl.home.stack import METRICS, Paths, Stack, read
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.kafka import admin, wanted
from fraudctl.servers import BaseServer, flink


def up(wish: Wish) -> Stack:
    """Bring the wished stack up and give it; whatever already runs stays as it is.

    What an earlier version has started is stopped first: its processes write files that others may read.
    """
    paths = Paths(wish.home)
    _refuse_before_a_home(wish)
    was_marked = homes.claim(wish.home)
    beginning.make_folders(paths)
    with beginning.only_one(paths):
        known = read(wish.home)
        supervisor = Supervisor(paths)
        runs_on = supervisor.pid is not None and known is not None and beginning.goes_on(known, wish)
        is_of_now = known is not None and METRICS in known.ports and known.is_closed
        if not (runs_on and was_marked and known is not None and is_of_now and not chosen.lacking(known)):
            supervisor.shut_down()
            runs_on = False
        homes.close(wish.home)
        cut = undertakings.cut_off(wish.home)
        found = _Run(wish, known, runs_on, cut.servers if cut else ()).run()
        undertakings.finished(wish.home, found.addresses)
        return found


def _refuse_before_a_home(wish: Wish) -> None:
    """What cannot be is said before the first file: where no home is, none is left behind."""
    chosen.kinds(wish.profile, wish.without, wish.added)
    homes.refuse_claim(wish.home)
    if not homes.is_home(wish.home):
        _Run(wish, None, running=False, half_changed=()).planned()


class _Run:
    """One run of `up`."""

    def __init__(self, wish: Wish, known: Stack | None, running: bool, half_changed: Sequence[str]) -> None:
        """`half_changed` are servers that may run on another secret than the one in the home."""
        self.wish, self.known, self.running, self.half_changed = wish, known, running, half_changed
        self.paths = Paths(wish.home)
        self.supervisor = Supervisor(self.paths)
        self.wait = self.supervisor.waiting(time.monotonic() + wish.wait_s)

    def planned(self) -> Stack:
        """What it will be. Failed for a port that is taken, UsageError for too few slots."""
        stack = self._stack(self._classes())
        refuse_too_few_slots(stack)
        return stack

    def run(self) -> Stack:
        stack = self.planned()
        ours = chosen.servers(stack)
        stack = replace(stack, jars=self._jars(ours.values(), stack))
        self._stop(ours[name] for name in self.half_changed if name in ours)
        self._install(ours)
        stack = replace(stack, extra={"ready": False})
        stack.save()
        self._supervise(stack, ours)
        for wave in chosen.waves(ours):
            self._start_servers(wave)
        self._prepare_stores(stack)
        self._start_workers(stack)
        stack = replace(stack, extra={"ready": True})
        stack.save()
        return stack

    def _classes(self) -> dict[str, type[BaseServer]]:
        """Those of the stack that runs go on as they are, whatever could be had by now."""
        if self.running and self.known:
            return {name: type(server) for name, server in chosen.servers(self.known).items()}
        return chosen.kinds(self.wish.profile, self.wish.without, self.wish.added)

    def _stack(self, classes: Mapping[str, type[BaseServer]]) -> Stack:
        taken, profile = self._ports(classes), self.wish.profile
        addresses = ports.addresses(taken, classes) | chosen.external_addresses(profile, self.wish.without)
        without, added = self.wish.without, self.wish.added
        return Stack(self.wish.home, profile, addresses, taken, without, added=added, is_closed=True)

    def _ports(self, classes: Mapping[str, type[BaseServer]]) -> ports.Ports:
        if self.running and self.known:
            return ports.kept(self.known.ports, ports.wanted(self.wish.profile, classes))
        asked = ports.wanted(self.wish.profile, classes)
        Supervisor(self.paths).shut_down()
        if self.wish.any_port:
            return ports.choose_free(asked, self.known.ports if self.known else {})
        ports.check_free(asked)
        return asked

    def _jars(self, ours: Iterable[BaseServer], stack: Stack) -> dict[str, str]:
        """Fetch every jar that is missing; build the kernel if there will be a job; its jars by name."""
        cache, with_job = artifacts.cache_dir(), stack.runs_jobs
        login = ["msk"] if with_job and stack.kafka.security == "aws_iam" else []
        uses = {use for server in ours for use in server.uses()} | {*login}
        uses |= {"connector", "compiler"} if with_job else set()
        bucket = self.wish.profile.checkpoints
        uses |= {bucket.plug_in} if bucket and with_job else set()
        artifacts.fetch([artifact for artifact in artifacts.lock() if artifact.use in uses], cache)
        if not with_job:
            return {}
        flink.build_kernel(cache)
        kernel, *others = flink.job_jars(cache)
        others += [jar for use in login for jar in artifacts.jars(use, cache)]
        return {"kernel": str(kernel), **{jar.stem: str(jar) for jar in others}}

    def _install(self, ours: Mapping[str, BaseServer]) -> None:
        states = self.supervisor.states()
        idle = [s for s in ours.values() if not all(_runs(states, p.name) for p in s.programs())]
        together(lambda server: server.install(), idle)
        together(lambda server: server.prepare(), idle)

    def _stop(self, servers: Iterable[BaseServer]) -> None:
        """So that they are prepared and started anew."""
        states = self.supervisor.states()
        names = [program.name for server in servers for program in server.programs()]
        together(self.supervisor.stop_program, [name for name in names if _runs(states, name)])

    def _supervise(self, stack: Stack, ours: Mapping[str, BaseServer]) -> None:
        workers.write_configurations(stack)
        programs = [program for server in ours.values() for program in server.programs()]
        programs = [confined(stack, one) for one in [*programs, *workers.programs(stack)]]
        if (user := self.supervisor.user) is not None:
            if self.supervisor.configure(programs, is_root=user == 0):
                self.supervisor.reload()
            return
        run_as, obstacle = runner(stack, programs)
        if obstacle:
            say(f"note: all of this stack but PostgreSQL runs as root: {obstacle}")
        self.supervisor.configure(programs, is_root=os.geteuid() == 0 and run_as is None)
        self.supervisor.start(run_as)

    def _start_servers(self, wave: Sequence[BaseServer]) -> None:
        for server in wave:
            for program in server.programs():
                self.supervisor.start_program(program.name)
        self.wait.for_servers(wave)

    def _prepare_stores(self, stack: Stack) -> None:
        if "kafka" in stack.addresses:
            admin.create(stack.kafka, wanted.specs(stack.profile))
            for line in admin.differing(stack.kafka, wanted.specs(stack.profile)):
                say(f"note: {line}; it is left as it is")
        for sink in filter(stack.feeds, stack.profile.sinks):
            external.prepare(stack, sink)

    def _start_workers(self, stack: Stack) -> None:
        names = program_names_of(workers.programs(stack))
        for name in names:
            self.supervisor.start_program(name)
        self.wait.for_programs(names)


def _runs(states: Mapping[str, ProcessState], name: str) -> bool:
    return name in states and states[name].runs


def refuse_too_few_slots(stack: Stack) -> None:
    """UsageError where the live job would wait for slots that never come."""
    settings = stack.profile.server("flink")
    if not stack.runs_jobs or settings.external:
        return
    each = int(settings.settings.get("taskmanager.numberOfTaskSlots", SLOTS))
    needed = _parallelism_asked(stack) or stack.profile.pipeline.parallelism
    if needed > each * settings.taskmanagers:
        raise UsageError(
            f"parallelism {needed} needs as many slots, and there are {each * settings.taskmanagers}",
            hint=f"fraudctl up --taskmanagers {-(-needed // each)}; a running job takes fewer after: "
            "fraudctl job rescale N",
            code="too_few_slots",
        )


def _parallelism_asked(stack: Stack) -> int:
    """What `job rescale` has set; 0 where nothing has, or where that cannot be read, which is said later."""
    try:
        return wanted_live(stack).parallelism or 0
    except (Damaged, Newer):
        return 0
