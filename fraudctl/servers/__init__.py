"""Servers: one file each. The file's name is the server's name everywhere.

A module in this folder holds one class `Server(...)` built on `BaseServer`; `discover()` finds it by the
folder, so a new server needs no entry in any table.
"""

from __future__ import annotations

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import ClassVar, TypedDict

from fraudctl.binaries.artifacts import Artifact, jars, lock
from fraudctl.home.secret import generated_password as generated_password
from fraudctl.home.stack import Paths
from fraudctl.settings import shipped
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.settings.profile import ServerSettings

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Program:
    """One supervised process. Times in seconds; `user` is a user's number, only ever set as root."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    user: int | None = None
    stop_signal: str = "TERM"
    stop_wait_s: int = 20
    start_s: int = 1


class RunAs(TypedDict, total=False):
    """The arguments by which subprocess runs a command as another user."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(user: int | None) -> RunAs:
    """Those for this user; none for ours."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


@dataclass(frozen=True)
class Site:
    """Where a server is put: its home, its ports by role, its settings and the user's cache.

    One that `is_closed` lets in only who has its secret, which `prepare` makes in the home.
    """

    paths: Paths
    ports: Mapping[str, int]
    settings: ServerSettings
    cache: Path
    is_closed: bool = False
    checkpoints: Checkpoints | None = None
    """where Flink puts them, if not into the home"""
    in_container: bool = False
    """whether its official image runs it, and not we"""
    host: str = HOST
    """the address it listens on"""


class BaseServer(ABC):
    """A real server of a local stack.

    The engine calls `install`, `prepare`, then starts `programs()` and asks `probe()` until it returns;
    `finish` runs once it does. `port_roles` gives each port's default, the first is the one users see.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    port_roles: ClassVar[Mapping[str, int]]
    memory_mb: ClassVar[int]
    jar_use: ClassVar[str | None] = None
    for_sink: ClassVar[bool] = False
    """whether it is started only for the sink of the same name"""
    compiles: ClassVar[bool] = False
    """whether `install` compiles a launcher, so that the compiler is fetched as well"""
    has_secret: ClassVar[bool] = True
    """whether it asks who comes, and so has something to `rotate`"""
    optional: ClassVar[bool] = False
    """whether a stack does without it where it cannot be had (`is_to_be_had`)"""
    hint: ClassVar[str] = ""

    def __init__(self, site: Site) -> None:
        self.site = site

    @classmethod
    def ports_of(cls, settings: ServerSettings) -> dict[str, int]:
        """The port of each role as these settings want it, the one of its users first."""
        roles = dict(cls.port_roles) | {r: p for r, p in settings.ports.items() if r in cls.port_roles}
        if settings.port is not None:
            roles[next(iter(cls.port_roles))] = settings.port
        return roles

    @property
    def paths(self) -> Paths:
        return self.site.paths

    @property
    def port(self) -> int:
        """The port users connect to."""
        return self.site.ports[next(iter(self.port_roles))]

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def memory(self) -> int:
        """Megabytes this server is given."""
        return self.site.settings.memory_mb or self.memory_mb

    @property
    def data(self) -> Path:
        return self.paths.data(self.name)

    @property
    def keeps_classes(self) -> bool:
        """Whether its JVM keeps the classes that it has parsed in the cache: not in that of root.

        What root starts is not root's, and nobody runs what another user has written.
        """
        return os.geteuid() != 0

    @classmethod
    def artifacts(cls) -> tuple[Artifact, ...]:
        """The locked jars this server runs on."""
        return tuple(artifact for artifact in lock() if artifact.use == cls.jar_use)

    def uses(self) -> frozenset[str]:
        """The uses of the locked files that must be fetched before it is installed."""
        return frozenset({*filter(None, [self.jar_use]), *(["compiler"] if self.compiles else [])})

    def jar_paths(self) -> tuple[Path, ...]:
        return jars(self.jar_use, self.site.cache) if self.jar_use else ()

    def install(self) -> None:
        """Put binaries where they can run; jars are already in the cache. Repeats are quick."""

    @abstractmethod
    def prepare(self) -> None:
        """Write configuration, and make an empty data folder usable. Never touches existing data."""

    @abstractmethod
    def programs(self) -> Sequence[Program]:
        """The processes to supervise, in start order."""

    @abstractmethod
    def probe(self) -> None:
        """Return if the server does its work now; raise NotReady with the reason if not."""

    def finish(self) -> None:
        """What a ready server still needs before others use it. Repeats are harmless."""

    def rotate(self) -> bool:
        """Put another secret in the place of the one there is; whether the server must then be started again.

        Only of one with `has_secret`, while it runs. Raises NotReady where it does not answer.
        """
        raise NotImplementedError

    @classmethod
    def is_to_be_had(cls, settings: ServerSettings, cache: Path, asked: bool) -> bool:
        """Of an optional one, whether it can be started here; `asked` is whether somebody named it."""
        raise NotImplementedError

    @classmethod
    def outside(cls, _: Paths) -> tuple[Path, ...]:
        """What this server keeps outside a home, whatever the settings were; `purge` deletes it."""
        return ()

    @classmethod
    def version(cls) -> str:
        """The version of the server that would be started."""
        return ""


def names() -> tuple[str, ...]:
    """The servers there are."""
    return shipped.server_names()


def server_class(name: str) -> type[BaseServer]:
    """The class of one server."""
    found: type[BaseServer] = importlib.import_module(f"fraudctl.servers.{name}").Server
    return found


def discover() -> dict[str, type[BaseServer]]:
    """Every server's class by name."""
    return {name: server_class(name) for name in names()}


def start_waves(needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Names in waves: each wave needs only servers of earlier ones. Needs that are absent are ignored.

    Raises ValueError with the names of a circle.
    """
    present = {name: [need for need in wants if need in needs] for name, wants in needs.items()}
    order = TopologicalSorter(present)
    try:
        order.prepare()
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValueError(f"servers need each other in a circle: {circle}") from None
    waves: list[list[str]] = []
    while order.is_active():
        waves.append(sorted(order.get_ready()))
        order.done(*waves[-1])
    return waves
