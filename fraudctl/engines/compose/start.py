"""One run of `up`: the same steps as in every engine, with containers for processes.

It may be repeated, and interrupted at any point. Compose is told which services to start and never when:
whether a server works is asked by the server's own probe, from this side of its published port.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import yaml

from fraudctl.binaries import artifacts
from fraudctl.console.streams import say
from fraudctl.engines import beginning, chosen, external, ports, workers
from fraudctl.engines.compose import checks, companions, image, inside, logs, mounts, services, watching
from fraudctl.engines.compose.containers import Containers
from fraudctl.engines.compose.names import DYNAMODB
from fraudctl.engines.compose.project import Project
from fraudctl.engines.contract import Wish
from fraudctl.engines.waiting import Wait
from fraudctl.errors import Failed
from fraudctl.home import folder as homes
from fraudctl.home import rulesets
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import Inside, Paths, Stack, read
from fraudctl.home.unprivileged import take_back
from fraudctl.kafka import admin, wanted
from fraudctl.servers import BaseServer

NAME = "compose"


def up(wish: Wish) -> Stack:
    """Bring the wished stack up and give it; whatever already runs stays as it is."""
    chosen.required(wish.profile, wish.without)
    companions.of(wish.added)
    paths = Paths(wish.home)
    homes.refuse_claim(wish.home)
    checks.refuse_unable(wish.home, os.environ)
    homes.claim(wish.home)
    for folder in services.folders(paths):
        make_folder(folder)
    with beginning.only_one(paths):
        known = read(wish.home)
        there = known is not None and known.is_closed and Containers(wish.home).exist()
        runs_on = there and known is not None and beginning.goes_on(known, wish)
        homes.close(wish.home)
        return _Run(wish, known, runs_on).run()


def waiting(stack: Stack, deadline: float) -> Wait:
    """Waiting for servers and programs of this stack until then (monotonic seconds)."""
    there = Containers(stack.home)
    return Wait(there.states, lambda name: logs.tail(stack.home, name, 15), services.program_names, deadline)


class _Run:
    """One run of `up`."""

    def __init__(self, wish: Wish, known: Stack | None, running: bool) -> None:
        self.wish, self.known, self.running = wish, known, running
        self.project, self.containers = Project(Paths(wish.home)), Containers(wish.home)
        self.deadline = time.monotonic() + wish.wait_s

    def run(self) -> Stack:
        take_back(self.wish.home)
        stack = replace(self._stack(), extra={"ready": False})
        ours = chosen.servers(stack)
        beside = companions.alone(self.wish.added)
        services.make_secrets(stack.paths, [*ours, *beside])
        self._fetch(stack, ours.get(DYNAMODB))
        self.project.render(services.variables(stack, self._user()), services.override(stack))
        self._have_images([*services.of_servers(ours.values()), *services.of_workers(stack), *beside])
        stack.save()
        mounts.write_for_commands(stack)
        workers.write_configurations(stack.seen_inside)
        watching.write(stack.seen_inside)
        for wave in chosen.waves(ours):
            self._start_servers(stack, wave)
        self._prepare_stores(stack)
        self._start_programs(stack, [*services.of_workers(stack), *beside])
        stack = replace(stack, extra={"ready": True})
        stack.save()
        return stack

    def _stack(self) -> Stack:
        profile, without, added = self.wish.profile, self.wish.without, self.wish.added
        kinds = services.kinds(profile, without, added)
        taken = self._ports(kinds)
        addresses = ports.addresses(taken, kinds) | chosen.external_addresses(profile, without)
        there = ("docker", "exec", f"{self.project.name}-keeper-1")
        submit = (*there, "python", "-m", "fraudctl.engines.compose.inside", "submit")
        rules = rulesets.place(
            self.wish.home, rulesets.store(self.wish.home, rulesets.read(profile.rules).content)
        )
        seen = Inside(
            services.inside_addresses(profile, without, added),
            image.jars(),
            rules,
            submit,
            services.inside_sinks(profile),
            services.metrics_ports(profile, added),
        )
        return Stack(
            self.wish.home,
            profile,
            addresses,
            taken,
            without,
            engine=NAME,
            added=added,
            inside=seen,
            is_closed=True,
        )

    def _ports(self, kinds: Mapping[str, type[BaseServer]]) -> ports.Ports:
        """The one port of each that is published, the one its users connect to."""
        if self.running and self.known:
            return {name: dict(roles) for name, roles in self.known.ports.items()}
        asked = services.published(self.wish.profile, kinds)
        beside = companions.alone(self.wish.added)
        asked |= {name: {name: companions.port(name, os.environ)} for name in beside}
        if self.containers.exist():
            self.project.remove(with_volumes=False)
        if self.wish.any_port:
            return ports.choose_free(asked, self.known.ports if self.known else {})
        ports.check_free(asked)
        return asked

    def _user(self) -> tuple[int, int]:
        """Who the programs in the containers are: whoever starts them, whose the home is."""
        return (0, 0) if self.containers.rootless() else (os.getuid(), os.getgid())

    def _fetch(self, stack: Stack, store: BaseServer | None) -> None:
        """What no image has, and what is mounted: Flink's plug-in for a bucket, DynamoDB Local."""
        bucket = self.wish.profile.checkpoints
        uses = {*([bucket.plug_in] if bucket else []), *(store.uses() if store else [])}
        artifacts.fetch([one for one in artifacts.lock() if one.use in uses])
        if store:
            store.install()
            store.prepare()
            make_folder(inside.store_cache(stack.paths))

    def _have_images(self, names: Sequence[str]) -> None:
        """Pull the images that are not there; Failed where our own is not."""
        asked = yaml.safe_load(self.project.file.read_text(encoding="utf-8"))["services"]
        images = {name: str(asked[name]["image"]) for name in names}
        missing = [name for name, image in images.items() if not self.containers.has_image(image)]
        if own := next((images[name] for name in missing if "build" in asked[name]), None):
            raise Failed(f"there is no image {own}", hint=checks.BUILD, code="no_image")
        if missing:
            say(f"pulling {', '.join(sorted({images[name] for name in missing}))}")
            self.project.pull(missing)

    def _start_servers(self, stack: Stack, wave: Sequence[BaseServer]) -> None:
        self.project.up(services.of_servers(wave), self._left_s())
        waiting(stack, self.deadline).for_servers(wave)

    def _prepare_stores(self, stack: Stack) -> None:
        if "kafka" in stack.addresses:
            admin.create(stack.kafka, wanted.specs(stack.profile))
        for sink in filter(stack.feeds, stack.profile.sinks):
            external.prepare(stack, sink)

    def _start_programs(self, stack: Stack, names: Sequence[str]) -> None:
        self.project.up(names, self._left_s())
        waiting(stack, self.deadline).for_programs(names)

    def _left_s(self) -> float:
        return max(30.0, self.deadline - time.monotonic())
