"""A stack that no `fraudctl up` started: `python -m fraudctl.engines.compose.alone setup|prepare`.

`docker compose up` runs both in containers. `setup` comes before every server: it makes the home, passwords
and configurations. `prepare` comes when the servers are well: it makes topics and tables and wants the job to
run. Both may be repeated.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from fraudctl.engines import external, workers
from fraudctl.engines.compose import companions, image, services, watching
from fraudctl.errors import NotRunning
from fraudctl.home import folder as homes
from fraudctl.home import jobs
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import METRICS, Paths, Stack, home_dir, read
from fraudctl.kafka import admin, wanted
from fraudctl.settings import reading


def setup(home: Path) -> None:
    """Everything that programs and servers read at their start. Its addresses are those of the network."""
    profile = reading.load(environ=os.environ)
    profile = replace(profile, sinks=services.inside_sinks(profile))
    paths = Paths(home)
    for folder in services.folders(paths):
        make_folder(folder)
    homes.mark(home)
    services.make_secrets(paths, [*services.LISTENS, *companions.NAMES])
    stack = Stack(
        home,
        profile,
        services.inside_addresses(profile, ()),
        {METRICS: services.metrics_ports(profile, companions.NAMES)},
        jars=image.jars(),
        extra={"ready": True},
        engine="compose",
        is_closed=True,
    )
    stack.save()
    workers.write_configurations(stack)
    watching.write(stack)


def prepare(home: Path) -> None:
    """Topics, tables, and the wish for a job, which the keeper fulfils."""
    stack = read(home)
    if stack is None:
        raise NotRunning(f"no stack has been set up in {home}")
    admin.create(stack.kafka, wanted.specs(stack.profile))
    for sink in filter(stack.feeds, stack.profile.sinks):
        external.prepare(stack, sink)
    if jobs.wanted_live(stack).wanted != "running":
        jobs.want(stack, wanted="running", restore="latest")


if __name__ == "__main__":
    os.umask(0o077)
    {"setup": setup, "prepare": prepare}[sys.argv[1]](home_dir())
