"""What Flink's worker may open, in which the functions of rules run: what the job needs, and nothing beside.

A plug-in that got past its checks is a program of the stack's user. It then finds neither the key that signs
rules nor the secrets of stores, nor the files of other programs or people, and changes none of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from fraudctl.binaries import artifacts
from fraudctl.engines.local import confine, runner
from fraudctl.engines.local.confine import Allowed
from fraudctl.home.own import flink_pair
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import Stack
from fraudctl.servers import Program

WORKER: Final = "flink-taskmanager"
"""how the names of programs begin that are such workers"""
_SYSTEM: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc"),
    *("/proc", "/sys", "/run", "/dev"),
)
_DEVICES: Final = ("/dev/shm", "/dev/null")


def confined(stack: Stack, program: Program) -> Program:
    """The program as it is started: a worker of Flink behind its limits, any other as it is.

    A worker has a folder for temporary files of its own, which is made.
    """
    if not program.name.startswith(WORKER):
        return program
    scratch = _scratch(stack)
    make_folder(scratch)
    java, *rest = program.argv
    told = json.dumps(asdict(allowed(stack)))
    argv = [sys.executable, "-I", "-S", str(confine.__file__), told]
    argv += [java, f"-Djava.io.tmpdir={scratch}", *rest]
    return replace(program, argv=argv, env={**program.env, "TMPDIR": str(scratch)}, directory=scratch)


def allowed(stack: Stack) -> Allowed:
    """What a worker of this stack's Flink may open."""
    paths = stack.paths
    own = [paths.checkpoints, paths.savepoints, paths.data("flink"), paths.plugins, paths.run / "classes"]
    read = [*_SYSTEM, *runner.python_places(), artifacts.cache_dir(), paths.home / "flink", *_secrets(stack)]
    return Allowed(list(dict.fromkeys(map(str, read))), [*map(str, own), *_DEVICES])


def _scratch(stack: Stack) -> Path:
    return stack.paths.data("flink") / "scratch"


def _secrets(stack: Stack) -> Iterator[Path]:
    """Those of Kafka, of the schema registry, and the stores of Flink's own keys."""
    yield from flink_pair(stack.paths.secrets)
    yield from stack.paths.secrets.glob("flink*")
    described = [stack.kafka.as_document()] if "kafka" in stack.addresses else []
    if stack.profile.schema_registry is not None:
        described.append(stack.profile.schema_registry.as_document())
    for file in map(Path, runner.files(described)):
        # Another may take its place: then its folder is what is known, unless that holds more than this.
        yield file if file.parent == stack.paths.secrets else file.parent
