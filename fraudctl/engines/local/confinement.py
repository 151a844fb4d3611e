"""What Flink's processes may open, in which the functions of rules run: what a job needs, and nothing beside.

A plug-in that got past its checks is a program of the stack's user. It then finds neither the key that signs
rules nor the secrets of stores, nor the files of other programs or people, and changes none of them. The
JobManager believes its workers, from which it takes objects of any kind; so it has the same limits, but for
ports: it looks for workers on any.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import java_home
from fraudctl.engines.local import confine, runner
from fraudctl.engines.local.confine import Allowed
from fraudctl.flink.cluster import is_taskmanager
from fraudctl.home.own import flink_pair
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import Stack
from fraudctl.servers import Program, _flink_ports
from pipeline.connections.proxies import on_loopback

_SYSTEM: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc"),
    *("/opt", "/snap", "/nix/store", "/gnu/store", "/home/linuxbrew"),
    *("/proc", "/sys", "/run/systemd/resolve", "/run/resolvconf"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)
"""where a system has its programs and says how it is, for everybody on it to read"""
_CLOUD_KEYS: Final = ("~/.aws", "~/.config/gcloud")
_CLOUD_KEYS_BY: Final = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    "GOOGLE_APPLICATION_CREDENTIALS",
)
"""variables that name such files"""


def confined(stack: Stack, program: Program) -> Program:
    """The program as it is started: one of Flink's behind its limits, any other as it is.

    It has a folder for temporary files of its own, which is made.
    """
    if not program.name.startswith("flink-"):
        return program
    scratch = stack.paths.data("flink") / "scratch"
    for folder in (scratch, *_changed(stack)):
        make_folder(folder)
    java, *rest = program.argv
    told = json.dumps(asdict(allowed(stack, program.name)))
    argv = [sys.executable, "-I", "-S", str(confine.__file__), told]
    argv += [java, f"-Djava.io.tmpdir={scratch}", *rest]
    return replace(program, argv=argv, env={**program.env, "TMPDIR": str(scratch)}, directory=scratch)


def allowed(stack: Stack, name: str) -> Allowed:
    """What a program of this stack's Flink may open."""
    is_all_here, packages = _is_all_here(stack), runner.PACKAGES
    read: list[str | Path] = [*_SYSTEM, *runner.interpreter(), packages / "pipeline", java_home()]
    read += [
        artifacts.cache_dir(),
        stack.home / "flink",
        *stack.job_jars,
        *_secrets(stack),
        *_cloud_keys(stack),
    ]
    changed = _texts([*_changed(stack), *_named(stack), "/dev/null"])
    found = Allowed(_texts(read), changed, listed=[str(packages)], asks_names=not is_all_here)
    if not (is_all_here and is_taskmanager(name)):
        return found
    roles = stack.ports.get("flink", {})
    return replace(
        found,
        connects=[*_asked(stack), *(roles[one] for one in roles if _flink_ports.is_for_workers(one))],
        listens=[0, *(roles[one] for one in roles if _flink_ports.is_of_workers(one))],
    )


def _changed(stack: Stack) -> list[Path]:
    paths = stack.paths
    return [paths.checkpoints, paths.savepoints, paths.data("flink"), paths.plugins]


def _named(stack: Stack) -> Iterator[str]:
    """Folders of its own for Flink that the profile names among its settings."""
    for value in map(str, stack.profile.server("flink").settings.values()):
        for one in value.removeprefix("file:").replace(",", ":").split(":"):
            if one.startswith("/"):
                yield os.path.normpath("/" + one.lstrip("/"))


def _texts(places: Iterable[str | Path]) -> list[str]:
    return list(dict.fromkeys(map(str, places)))


def _is_all_here(stack: Stack) -> bool:
    """Whether a job asks nobody but servers of this machine, whose ports are known."""
    bucket, registry = stack.profile.checkpoints, stack.profile.schema_registry
    others = [*([bucket.endpoint or ""] if bucket else []), *([registry.url] if registry else [])]
    return stack.profile.server("kafka").external is None and all(map(on_loopback, others))


def _asked(stack: Stack) -> Iterator[int]:
    """The ports of Kafka, of the schema registry and of the bucket, where they are all here."""
    if (broker := stack.ports.get("kafka", {}).get("broker")) is not None:
        yield broker
    bucket, registry = stack.profile.checkpoints, stack.profile.schema_registry
    for url in (bucket.endpoint if bucket else None, registry.url if registry else None):
        if url:
            parts = urlsplit(url)
            yield parts.port or (443 if parts.scheme == "https" else 80)


def _secrets(stack: Stack) -> Iterator[Path]:
    """Those of Kafka, the schema registry and the bucket, and the stores of Flink's own keys."""
    yield from flink_pair(stack.paths.secrets)
    yield from sorted(stack.paths.secrets.glob("flink*"))
    bucket, registry = stack.profile.checkpoints, stack.profile.schema_registry
    kafka = stack.kafka if "kafka" in stack.addresses else None
    described = [one.as_document() for one in (kafka, bucket, registry) if one is not None]
    for file in map(Path, runner.files(described)):
        yield file if _holds_more(file.parent, stack) else file.parent


def _holds_more(folder: Path, stack: Stack) -> bool:
    """Whether a folder has more than a secret or two; of another one all is known, as a file there may be
    replaced, while of this one the file alone.
    """
    wide = (stack.paths.secrets, stack.home, Path.home(), Path(tempfile.gettempdir()))
    return any(one.is_relative_to(folder) for one in wide)


def _cloud_keys(stack: Stack) -> Iterator[Path]:
    """Where the tools of clouds look for keys by themselves, for a job that asks one."""
    bucket = stack.profile.checkpoints
    by_iam = "kafka" in stack.addresses and stack.kafka.security == "aws_iam"
    if by_iam or (bucket is not None and bucket.credentials_file is None):
        yield from (Path(one).expanduser() for one in _CLOUD_KEYS)
        yield from (Path(os.environ[one]) for one in _CLOUD_KEYS_BY if one in os.environ)
