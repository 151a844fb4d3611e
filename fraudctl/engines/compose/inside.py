"""What runs in a container: `python -m fraudctl.engines.compose.inside NAME`, which becomes that program.

Flink's own configuration is written anew at each start, into a folder in memory: it holds the container's
address and the image's places, which no other container shares.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.engines.compose.names import DYNAMODB, JOBMANAGER, KEEPER
from fraudctl.errors import NotRunning
from fraudctl.flink.cluster import Setting
from fraudctl.home.stack import Paths, Stack, home_dir, read
from fraudctl.jobs.submission import SUBMIT, environment
from fraudctl.servers import Program, Site, _flink_metrics, dynamodb, flink
from pipeline.scoring.job_config import JobConfig

SUBMITTER = "submit"
METRICS_PORT = 9249
"""where every program answers `/metrics` in its own container"""
EVERYWHERE = "0.0.0.0"
PORTS: Mapping[str, int] = {
    "rest": 8081,
    "rpc": 6123,
    "jobmanager-metrics": METRICS_PORT,
    "taskmanager-metrics": METRICS_PORT,
}
TASKMANAGER_PORT = 6122
DYNAMODB_PORT = 8000
# A JobManager that comes back may have another address; Java would remember the old one for half a minute.
ASK_NAMES_AGAIN = "-Dsun.net.inetaddr.ttl=1"


def cluster(stack: Stack, name: str, address: str) -> flink.Server:
    """Flink as one of its processes is told of it, in the container of that name and address."""
    here: dict[str, Setting] = {
        "jobmanager.rpc.address": JOBMANAGER,
        "jobmanager.bind-host": EVERYWHERE,
        "rest.address": JOBMANAGER,
        "rest.bind-address": EVERYWHERE,
        "taskmanager.host": address,
        "taskmanager.bind-host": EVERYWHERE,
        _flink_metrics.HOST_SETTING: EVERYWHERE,
        "taskmanager.rpc.port": TASKMANAGER_PORT,
        "taskmanager.resource-id": f"taskmanager-{name}",
    }
    asked = stack.profile.server("flink")
    settings = replace(asked, settings={**here, **asked.settings}, taskmanagers=1)
    kept = stack.profile.checkpoints
    site = Site(stack.paths, PORTS, settings, artifacts.cache_dir(), stack.is_closed, kept)
    return flink.Server(site)


def store_cache(paths: Paths) -> Path:
    """Where the container of DynamoDB looks for the jars of DynamoDB Local, which no image has."""
    return paths.data(DYNAMODB) / "cache"


def store(stack: Stack) -> dynamodb.Server:
    """DynamoDB as it runs in its container."""
    told, cache = stack.profile.server(DYNAMODB), store_cache(stack.paths)
    return dynamodb.Server(
        Site(stack.paths, {DYNAMODB: DYNAMODB_PORT}, told, cache, stack.is_closed, host=EVERYWHERE)
    )


def become(name: str, arguments: Sequence[str]) -> None:
    """Replace this process by a program of the stack in the home; does not return."""
    stack = read(home_dir())
    if stack is None:
        raise NotRunning(f"no stack has been started in {home_dir()}")
    if name == DYNAMODB:
        _become_store(store(stack.seen_inside))
    host = socket.gethostname()
    server = cluster(stack.seen_inside, host, socket.gethostbyname(host))
    server.prepare()
    if name == KEEPER:
        _become([sys.executable, "-m", "fraudctl.keeper", "--home", str(stack.home)], {})
    elif name == SUBMITTER:
        config = JobConfig.from_document(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
        _become([*SUBMIT, arguments[0]], environment(config))
    else:
        _become_program({one.name: one for one in server.programs()}[name])


def _become_program(program: Program) -> None:
    java, *rest = program.argv
    _become([java, ASK_NAMES_AGAIN, *rest], program.env)


def _become_store(server: dynamodb.Server) -> None:
    """What `fraudctl up` has fetched is there; without it, it is fetched now, once."""
    if uses := server.uses():
        artifacts.fetch([one for one in artifacts.lock() if one.use in uses], server.site.cache)
    server.install()
    server.prepare()
    [program] = server.programs()
    _become(program.argv, program.env)


def _become(argv: Sequence[str], env: Mapping[str, str]) -> None:
    os.execve(argv[0], list(argv), {**os.environ, **env})


if __name__ == "__main__":
    os.umask(0o077)
    become(sys.argv[1], sys.argv[2:])
