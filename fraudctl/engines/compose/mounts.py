"""Files of this machine that containers see at a path of their own choice: those that a profile names.

Each program sees what it reads itself and nothing else. A file that is replaced is another one to Docker: the
program sees it after its next start. What lies in the home is there already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.engines import chosen, workers
from fraudctl.engines.compose import image, inside
from fraudctl.engines.compose.names import DYNAMODB, JOBMANAGER, KEEPER, TASKMANAGER
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from fraudctl.servers import dynamodb
from fraudctl.settings.checkpoints import Checkpoints
from pipeline import notify, sinks
from pipeline.settings import reading
from pipeline.settings.document import Told

NOTIFIER = "notifier"
CLI = "cli"


def volumes(stack: Stack) -> dict[str, list[str]]:
    """Of each service what is mounted into it, in Compose's words, each for reading alone."""
    found = {name: files(stack, name) for name in (JOBMANAGER, TASKMANAGER, *_workers(stack))}
    mounted = {name: [_volume(path, path) for path in paths] for name, paths in found.items()}
    for name in (JOBMANAGER, TASKMANAGER, KEEPER) if stack.profile.checkpoints else ():
        mounted.setdefault(name, []).extend(plug_in(stack.profile.checkpoints))
    mounted[CLI] = [
        *_of_commands(stack),
        *dict.fromkeys(line for lines in mounted.values() for line in lines),
    ]
    mounted[DYNAMODB] = jars_of_store(stack)
    return {name: lines for name, lines in mounted.items() if lines}


def write_for_commands(stack: Stack) -> None:
    """The stack's file as commands that are run in its network read it: with the addresses of the network."""
    write_atomically(_inside(stack), replace(stack.seen_inside, extra={"ready": True}).as_text())


def _of_commands(stack: Stack) -> list[str]:
    return [] if stack.inside is None else [_volume(_inside(stack), stack.paths.stack_file)]


def _inside(stack: Stack) -> Path:
    return stack.paths.run / "stack-inside.json"


def files(stack: Stack, program: str) -> list[Path]:
    """The files outside the home that one program reads, each once."""
    profile, named = stack.profile, list[Path]()
    if "kafka" in stack.addresses and program != NOTIFIER:
        named += stack.kafka.files
    if program in (JOBMANAGER, TASKMANAGER, KEEPER):
        named += profile.schema_registry.files if profile.schema_registry else ()
        keys = profile.checkpoints.credentials_file if profile.checkpoints else None
        named += [keys] if keys else []
    if program == KEEPER:
        named += filter(None, [profile.signing.key, profile.signing.trusted, *stack.flink.files])
    if program == NOTIFIER:
        named += _of_store(stack, "dynamodb")
        for name, settings in profile.notify.channels.items():
            named += _named(notify.settings_type(name), settings)
    for sink in workers.sinks(stack):
        named += _of_store(stack, sink) if program == workers.program(sink) else ()
    return [path for path in dict.fromkeys(named) if not path.is_relative_to(stack.home)]


def plug_in(bucket: Checkpoints | None) -> list[str]:
    """Flink's plug-in for a bucket: fetched here, found there where the image would have it."""
    if bucket is None:
        return []
    ours, theirs = artifacts.jars(bucket.plug_in), artifacts.jars(bucket.plug_in, image.CACHE)
    return [_volume(here, there) for here, there in zip(ours, theirs, strict=True)]


def jars_of_store(stack: Stack) -> list[str]:
    """What DynamoDB Local is made of, where the stack runs it: this machine's cache, launcher and all."""
    server = chosen.servers(stack).get(DYNAMODB)
    if not (isinstance(server, dynamodb.Server) and server.is_local):
        return []
    return [_volume(server.site.cache, inside.store_cache(stack.paths))]


def _workers(stack: Stack) -> Iterable[str]:
    return [program.name for program in workers.programs(stack.seen_inside)]


def _of_store(stack: Stack, sink: str) -> list[Path]:
    """The files by which a sink's store is reached."""
    settings = stack.profile.sinks.get(sink, {})
    secret = stack.secret_path(sink)
    return [*([secret] if secret else []), *_named(sinks.settings_type(sink), settings)]


def _named(kind: type[Any], settings: Told) -> list[Path]:
    return [Path(str(settings[name])) for name in reading.files(kind) if settings.get(name)]


def _volume(here: Path, there: Path) -> str:
    return f"{here}:{there}:ro"
