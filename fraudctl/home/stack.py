"""What commands know about a stack that was started: where it lives and how to reach its servers.

The engine writes `stack.json` at `up`; everything else reads it, through `fraudctl.engines.current` where it
must be running. This module starts and stops nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from fraudctl.console import options
from fraudctl.errors import NotRunning
from fraudctl.home import own, typed_files
from fraudctl.home.paths import Paths as Paths
from fraudctl.home.private_files import write_atomically
from fraudctl.home.secret import held_in
from fraudctl.settings.profile import External, Profile
from pipeline import sinks
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka.description import Kafka
from pipeline.settings.document import Told

FORMAT = 1
NEEDED_BY_JOBS = frozenset({"kafka", "flink"})
"""the servers without which no job runs"""
MEND = "remove it and run: fraudctl up"
LOOPBACK = "127.0.0.1"
HOPS = "hops"
"""among what is told beside: the keys by which a job has steps, where its engine has deployed it with them"""
KEPT = frozenset({"local", "compose"})
"""the engines whose live job our keeper submits, to a Flink that sees the files of the home"""
METRICS = "metrics"
"""among the ports: those on which the pipeline's programs answer `/metrics`, by program"""


@dataclass(frozen=True)
class Inside:
    """How the programs of a stack see it, where they have a network and files of their own.

    The home is the same folder there and here. `rules` is a copy of the profile's rule set in it. `submit` is
    a command that hands a job to Flink from there, to which the path of the job's configuration is added.
    """

    addresses: Mapping[str, str]
    jars: Mapping[str, str]
    rules: Path
    submit: tuple[str, ...]
    sinks: Mapping[str, Told] = field(default_factory=dict)
    """the settings that sinks have there; those of the profile where it is empty"""
    metrics: Mapping[str, int] = field(default_factory=dict)
    """the ports on which programs answer `/metrics` there, by program"""


@dataclass(frozen=True)
class Stack:
    """A started stack. `addresses` maps a server to host:port (or an external server's own address)."""

    home: Path
    profile: Profile
    addresses: Mapping[str, str]
    ports: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    jars: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    engine: str = "local"
    """the engine that runs it"""
    added: tuple[str, ...] = ()
    """servers that `up` was asked for beyond those of the profile"""
    inside: Inside | None = None
    """how its programs see it; None where they see what we see"""
    is_closed: bool = False
    """whether its own Kafka and Flink ask who comes"""

    @property
    def seen_inside(self) -> Stack:
        """The same stack with the addresses and files that its own programs use."""
        if self.inside is None:
            return self
        there = self.inside
        profile = replace(self.profile, rules=there.rules, sinks=there.sinks or self.profile.sinks)
        seen = replace(self, profile=profile, addresses=there.addresses, jars=there.jars, inside=None)
        return replace(seen, ports={**self.ports, METRICS: there.metrics})

    @property
    def paths(self) -> Paths:
        return Paths(self.home)

    @property
    def kafka(self) -> Kafka:
        """How Kafka is reached: as the profile says of one that is not ours, else without security."""
        address, external = self.address("kafka"), self.profile.server("kafka").external
        if isinstance(external, Kafka):
            return replace(external, bootstrap=address)
        if self.is_closed and external is None:
            return (own.kafka if self.engine == "local" else own.kafka_in_container)(
                self.paths.secrets, address
            )
        return Kafka(bootstrap=address, alter_topics=True)

    @property
    def flink(self) -> FlinkRest:
        """How Flink's REST interface is reached, ours or another's."""
        address, external = self.address("flink"), self.profile.server("flink").external
        if isinstance(external, FlinkRest):
            return external
        return own.flink(self.paths.secrets, address) if self.is_closed else FlinkRest(address=address)

    def metrics_port(self, program: str) -> int | None:
        """Where a program of ours answers `/metrics`; None where it was started without."""
        return self.ports.get(METRICS, {}).get(program)

    @property
    def metrics_host(self) -> str:
        """On which address they answer: loopback, or any where each program has a network of its own."""
        return LOOPBACK if self.engine == "local" else "0.0.0.0"

    @property
    def is_kept(self) -> bool:
        """Whether our keeper submits the live job, and Flink sees the files of the home."""
        return self.engine in KEPT

    @property
    def runs_jobs(self) -> bool:
        """Whether this stack has what a job needs: Kafka and Flink."""
        return self.addresses.keys() >= NEEDED_BY_JOBS

    @property
    def job_jars(self) -> tuple[Path, ...]:
        """The jars a job is submitted with: the kernel first, then the connector and what that needs."""
        others = [jar for name, jar in self.jars.items() if name != "kernel"]
        return tuple(Path(jar) for jar in [*filter(None, [self.jars.get("kernel")]), *others])

    def address(self, server: str) -> str:
        """The address of a server; NotRunning if the stack was started without it."""
        try:
            return self.addresses[server]
        except KeyError:
            raise NotRunning(
                f"this stack runs without {server}", hint="run: fraudctl down && fraudctl up"
            ) from None

    def secret(self, server: str) -> str | None:
        """The password of a server, None where there is none. Damaged."""
        file = self.secret_path(server)
        return held_in(file) if file else None

    def secret_path(self, server: str) -> Path | None:
        """The file that holds the password of a server, or the credentials of a store without one."""
        if (named := sinks.secret_file(self.profile.sinks.get(server, {}))) is not None:
            return named
        external = self.profile.server(server).external
        if external:
            return external.credentials_file if isinstance(external, External) else None
        file = self.paths.secret_file(server)
        return file if file.is_file() else None

    def way(self, sink: str) -> sinks.Way:
        """With what those who read a sink's store ask it, at `sink_address`."""
        return sinks.Way(self.secret_path(sink), self.profile.sinks.get(sink, {}))

    def sink_address(self, sink: str) -> str:
        """The address of a sink's store without the password; NotRunning where its server is not there."""
        server = self.address(sink) if sinks.needs_server(sink) else self.addresses.get(sink, "")
        settings = self.profile.sinks.get(sink, {})
        return sinks.address(sink, sinks.Site(server, self.paths.data(sink), settings))

    def feeds(self, sink: str) -> bool:
        """Whether this stack can write to the sink's store: its server is there, or it needs none."""
        return sink in self.addresses or not sinks.needs_server(sink)

    def as_text(self) -> str:
        """What `stack.json` holds."""
        document = {
            "format": FORMAT,
            "profile": self.profile.as_document(),
            "addresses": dict(self.addresses),
            "ports": {server: dict(ports) for server, ports in self.ports.items()},
            "without": list(self.without),
            "jars": dict(self.jars),
            "extra": dict(self.extra),
            "engine": self.engine,
            "added": list(self.added),
            **({"inside": asdict(self.inside)} if self.inside else {}),
            **({"is_closed": True} if self.is_closed else {}),
        }
        return json.dumps(document, indent=2, default=str) + "\n"

    def save(self) -> None:
        """Write `stack.json` in one step."""
        write_atomically(self.paths.stack_file, self.as_text())


def home_dir(home: Path | None = None) -> Path:
    """The home in use: given, else --home, else FRAUDCTL_HOME, else the user's state folder."""
    chosen = home or options.current().home
    if chosen is None and (named := os.environ.get("FRAUDCTL_HOME")):
        chosen = Path(named)
    if chosen is None:
        state = os.environ.get("XDG_STATE_HOME")
        chosen = (Path(state) if state else Path.home() / ".local" / "state") / "fraudctl"
    return chosen.expanduser().absolute()


@dataclass(frozen=True)
class _File:
    """What `stack.json` holds."""

    profile: Profile
    addresses: Mapping[str, str]
    ports: Mapping[str, Mapping[str, int]]
    without: tuple[str, ...]
    jars: Mapping[str, str]
    extra: Mapping[str, Any]
    engine: str = "local"
    added: tuple[str, ...] = ()
    inside: Inside | None = None
    is_closed: bool = False


@cache
def _file_kind() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


def read(home: Path) -> Stack | None:
    """The stack that was last started in a home, running or not; None if there never was one.

    Damaged or Newer where the file cannot be used; `fraudctl down` works all the same.
    """
    found = typed_files.read(Paths(home).stack_file, _file_kind(), MEND, FORMAT)
    return None if found is None else Stack(home=home, **vars(found))
