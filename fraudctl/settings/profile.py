"""Profiles: `profiles/<name>.yaml` (or any file) becomes one frozen, checked Profile.

A value comes from a flag, else the environment, else the file, else the default, and `Profile.sources`
says which. Every problem is reported at once, each by its path. This module starts nothing and knows a
server only by its name.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fraudctl.errors import ProfileError, UsageError

ENVIRONMENT_PREFIX = "FRAUDCTL_"
DEFAULT_SINKS = ("postgres", "redis")
"""the sinks of a profile that says nothing of them"""
OPEN_SERVERS = frozenset({"kafka", "flink"})
"""servers that every part of a stack speaks to without authentication"""
_DURATION_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MISSING = object()


@dataclass(frozen=True)
class Topics:
    """The names of our topics."""

    transactions: str
    decisions: str
    refusals: str
    labels: str
    rules: str
    shadow: str = "risk.shadow"


@dataclass(frozen=True)
class Pipeline:
    """The settings of the scoring job; times in milliseconds, sizes in bytes."""

    parallelism: int
    out_of_orderness_ms: int
    dedup_window_ms: int
    max_entries: int
    max_event_bytes: int
    checkpoint_interval_ms: int
    idle_after_ms: int = 0
    """0: silence is put into the log, by ticks. Else the topic is left alone, and a partition silent for so
    long by the wall clock holds nobody back, which is not exact."""


@dataclass(frozen=True)
class Notify:
    """Who is told of alerts: channels by name with their settings, and when alerts are folded into one."""

    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest_window_ms: int = 10_000
    digest_over: int = 5


@dataclass(frozen=True)
class External:
    """A server that is not ours to start. The credentials file holds the password alone."""

    address: str
    credentials_file: Path | None = None


@dataclass(frozen=True)
class ServerSettings:
    """How one server runs; what is None or absent is the server's own default."""

    port: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    memory_mb: int | None = None
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    external: External | None = None


@dataclass(frozen=True)
class Profile:
    """Everything a stack is built from. `sources` maps each dotted path to where its value came from."""

    name: str
    topics: Topics
    partitions: int
    retention_ms: int
    max_message_bytes: int
    rules: Path
    pipeline: Pipeline
    sinks: Mapping[str, Mapping[str, Any]]
    servers: Mapping[str, ServerSettings]
    notify: Notify = field(default_factory=Notify)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def server(self, name: str) -> ServerSettings:
        """The settings of a server, all defaults if the profile says nothing of it."""
        return self.servers.get(name, ServerSettings())

    def as_document(self) -> dict[str, Any]:
        """The profile as a plain JSON-able document that `from_document` reads back."""
        document: dict[str, Any] = {"name": self.name}
        document |= {name: getattr(self, name) for name in _PLAIN_FIELDS} | {"rules": str(self.rules)}
        document["topics"] = vars(self.topics).copy()
        document["pipeline"] = vars(self.pipeline).copy()
        document["notify"] = vars(self.notify).copy()
        document["sinks"] = {name: dict(settings) for name, settings in self.sinks.items()}
        document["servers"] = {name: _server_document(value) for name, value in self.servers.items()}
        return document


_PLAIN_FIELDS = ("partitions", "retention_ms", "max_message_bytes")


def data_dir(name: str) -> Path:
    """The folder of shipped data files (`profiles`, `scenarios`), in a checkout or an installation."""
    beside = Path(__file__).resolve().parents[2] / name
    if beside.is_dir():
        return beside
    return Path(sys.prefix) / "share" / "fraudctl" / name


def names() -> tuple[str, ...]:
    """The names of the shipped profiles."""
    return tuple(sorted(path.stem for path in data_dir("profiles").glob("*.yaml")))


def server_names() -> tuple[str, ...]:
    """The names of the servers there are: the files of the folder `servers`."""
    folder = Path(__file__).resolve().parents[1] / "servers"
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)])))


def sink_names() -> tuple[str, ...]:
    """The names of the sinks there are: the folders in `pipeline/sinks`."""
    folder = Path(__file__).resolve().parents[2] / "pipeline" / "sinks"
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)]) if found.ispkg))


def channel_names() -> tuple[str, ...]:
    """The names of the notification channels: the files of the folder `pipeline/notify/channels`."""
    folder = Path(__file__).resolve().parents[2] / "pipeline" / "notify" / "channels"
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)])))


def parse_duration_ms(text: str) -> int:
    """Milliseconds in a duration such as `500ms`, `30s`, `5m`, `24h`, `30d`; ValueError if it is none."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text.strip())
    if not match:
        raise ValueError(f"not a duration: {text!r} (write 500ms, 30s, 5m, 24h or 30d)")
    return int(match[1]) * _DURATION_MS[match[2]]


def load(
    name_or_path: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Profile:
    """Read and check a profile; `overrides` maps dotted paths to values given as flags.

    Raises ProfileError with every problem, UsageError if there is no such profile.
    """
    environ = environ or {}
    path = _find(str(name_or_path or environ.get("FRAUDCTL_PROFILE") or "default"))
    content = _read(path)
    reader = _Reader(content, overrides or {}, environ, path)
    profile = reader.profile()
    if reader.problems:
        raise ProfileError(str(path), reader.problems)
    return profile


def from_document(document: Mapping[str, Any]) -> Profile:
    """Read back what `Profile.as_document` wrote (it was checked when it was made)."""
    return Profile(
        name=document["name"],
        rules=Path(document["rules"]),
        topics=Topics(**document["topics"]),
        pipeline=Pipeline(**document["pipeline"]),
        notify=Notify(**document.get("notify", {})),
        sinks=document["sinks"],
        servers={name: _server_from(value) for name, value in document["servers"].items()},
        **{name: document[name] for name in _PLAIN_FIELDS},
    )


def _server_document(server: ServerSettings) -> dict[str, Any]:
    document: dict[str, Any] = {
        "port": server.port,
        "ports": dict(server.ports),
        "memory_mb": server.memory_mb,
        "settings": dict(server.settings),
    }
    if server.external:
        secret = server.external.credentials_file
        document["external"] = {
            "address": server.external.address,
            "credentials_file": str(secret) if secret else None,
        }
    return document


def _server_from(document: Mapping[str, Any]) -> ServerSettings:
    external = document.get("external")
    secret = external and external.get("credentials_file")
    return ServerSettings(
        port=document["port"],
        ports=document["ports"],
        memory_mb=document["memory_mb"],
        settings=document["settings"],
        external=External(external["address"], Path(secret) if secret else None) if external else None,
    )


def _find(name: str) -> Path:
    shipped = data_dir("profiles") / f"{name}.yaml"
    if re.fullmatch(r"[\w-]+", name) and shipped.is_file():
        return shipped
    path = Path(name).expanduser()
    if path.is_file():
        return path.resolve()
    raise UsageError(
        f"there is no profile {name!r}",
        hint=f"shipped profiles: {', '.join(names())}; a path to a YAML file works as well",
    )


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(str(path), [f"cannot be read: {error}"]) from error
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ProfileError(str(path), ["the file must be a mapping of settings"])
    return content


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a non-empty text")
    return value


def _topic(value: Any) -> str:
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", value)
        or value in (".", "..")
    ):
        raise ValueError("must be a topic name: letters, digits, dot, dash, underscore, at most 249")
    return value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return value

    return check


def _duration(low: int, high: int) -> Callable[[Any], int]:
    whole = _whole(low, high)

    def check(value: Any) -> int:
        if isinstance(value, str) and not re.fullmatch(r"-?\d+", value):
            value = parse_duration_ms(value)
        return whole(value)

    return check


_DAY_MS = 86_400_000
_port = _whole(1, 65_535)
_memory = _whole(16, 1_048_576)

_TOPICS: Mapping[str, str] = {
    "transactions": "risk.transactions",
    "decisions": "risk.decisions",
    "refusals": "risk.transactions.dlq",
    "labels": "risk.labels",
    "rules": "risk.rules",
    "shadow": "risk.shadow",
}
_SETTINGS: Mapping[str, tuple[int, Callable[[Any], int]]] = {
    "partitions": (4, _whole(1, 256)),
    "retention_ms": (-1, _duration(-1, 100 * 365 * _DAY_MS)),
    "max_message_bytes": (16 * 1024 * 1024, _whole(100_000, 16 * 1024 * 1024)),
    "pipeline.parallelism": (1, _whole(1, 128)),
    "pipeline.out_of_orderness_ms": (50, _duration(0, _DAY_MS)),
    "pipeline.dedup_window_ms": (3_600_000, _duration(1, 90 * _DAY_MS)),
    "pipeline.max_entries": (1000, _whole(1, 1_000_000)),
    "pipeline.max_event_bytes": (65_536, _whole(256, 8 * 1024 * 1024)),
    "pipeline.checkpoint_interval_ms": (10_000, _duration(100, _DAY_MS)),
    "pipeline.idle_after_ms": (0, _duration(0, _DAY_MS)),
    "notify.digest_window_ms": (10_000, _duration(1, _DAY_MS)),
    "notify.digest_over": (5, _whole(1, 1_000_000)),
}
_TOP = ("topics", "rules", "pipeline", "sinks", "servers", "notify", *_PLAIN_FIELDS)
_SERVER = ("port", "ports", "memory_mb", "settings", "external")


class _Reader:
    """Takes a profile's values from their layers, noting sources and problems."""

    def __init__(
        self,
        content: Mapping[str, Any],
        overrides: Mapping[str, Any],
        environ: Mapping[str, str],
        path: Path,
    ) -> None:
        self.content, self.overrides, self.environ, self.path = content, overrides, environ, path
        self.problems: list[str] = []
        self.sources: dict[str, str] = {}

    def profile(self) -> Profile:
        self.refuse_unknown("", self.content, _TOP)
        topics = self.topics()
        numbers = {path: self.value(path, default, check) for path, (default, check) in _SETTINGS.items()}
        self.refuse_unknown("pipeline", self.section("pipeline"), _last_names("pipeline."))
        rules = self.rules()
        sinks = self.sinks()
        servers = self.servers()
        channels = self.channels()
        for path in self.overrides:
            if path not in self.sources:
                self.problems.append(f"{path}: unknown setting")
        return Profile(
            name=self.path.stem,
            topics=topics,
            rules=rules,
            pipeline=Pipeline(**{name: numbers[f"pipeline.{name}"] for name in _last_names("pipeline.")}),
            sinks=sinks,
            servers=servers,
            notify=Notify(channels, **{name: numbers[f"notify.{name}"] for name in _last_names("notify.")}),
            sources=self.sources,
            **{name: numbers[name] for name in _PLAIN_FIELDS},
        )

    def section(self, path: str) -> Mapping[str, Any]:
        """The mapping at a dotted path, empty (and a problem) where the file has something else."""
        value: Any = self.content
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            if f"{path}: must be a mapping" not in self.problems:
                self.problems.append(f"{path}: must be a mapping")
            return {}
        return value

    def refuse_unknown(self, path: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in given:
            if name not in known:
                where = f"{path}.{name}" if path else str(name)
                self.problems.append(f"{where}: unknown setting (known: {', '.join(known)})")

    def layers(self, parent: str, name: str) -> Iterator[tuple[Any, str]]:
        path = f"{parent}.{name}" if parent else name
        variable = ENVIRONMENT_PREFIX + path.replace(".", "_").replace("-", "_").upper()
        given = (self.section(parent) if parent else self.content).get(name, _MISSING)
        yield self.overrides.get(path, _MISSING), "flag"
        yield self.environ.get(variable, _MISSING), f"environment {variable}"
        yield given, "file"

    def value(self, path: str, default: Any, check: Callable[[Any], Any]) -> Any:
        """The checked value of the first layer that has one."""
        parent, _, name = path.rpartition(".")
        return self.value_in(parent, name, default, check)

    def value_in(self, parent: str, name: str, default: Any, check: Callable[[Any], Any]) -> Any:
        """The same, of a name that may itself have dots."""
        path = f"{parent}.{name}" if parent else name
        for value, source in self.layers(parent, name):
            if value is _MISSING or value is None:
                continue
            self.sources[path] = source
            try:
                return check(value)
            except ValueError as error:
                self.problems.append(f"{path}: {error}")
                return default
        self.sources[path] = "default"
        return default

    def topics(self) -> Topics:
        self.refuse_unknown("topics", self.section("topics"), tuple(_TOPICS))
        found = {name: self.value(f"topics.{name}", default, _topic) for name, default in _TOPICS.items()}
        for name, topic in found.items():
            if list(found.values()).count(topic) > 1:
                self.problems.append(f"topics.{name}: {topic!r} is named twice")
        return Topics(**found)

    def rules(self) -> Path:
        default = data_dir("profiles") / "rules" / "default.yaml"
        given = Path(self.value("rules", str(default), _text)).expanduser()
        beside = self.path.parent if self.sources["rules"] == "file" else Path.cwd()
        path = given if given.is_absolute() else (beside / given).resolve()
        if not path.is_file():
            self.problems.append(f"rules: there is no file {path}")
        return path

    def sinks(self) -> dict[str, dict[str, Any]]:
        known = sink_names()
        given = self.section("sinks")
        self.refuse_unknown("sinks", given, known)
        wanted = given if "sinks" in self.content else DEFAULT_SINKS
        chosen = [name for name in known if name in wanted]
        return {name: self.scalars(f"sinks.{name}") for name in chosen}

    def channels(self) -> dict[str, dict[str, Any]]:
        """The channels alerts are told on; a file a setting names lies beside the profile."""
        self.refuse_unknown("notify", self.section("notify"), ("channels", *_last_names("notify.")))
        given = self.section("notify.channels")
        self.refuse_unknown("notify.channels", given, channel_names())
        if given and "dynamodb" not in self.section("sinks"):
            self.problems.append("notify.channels: needs the sink dynamodb, whose alerts it tells of")
        found = {str(name): self.scalars(f"notify.channels.{name}") for name in given}
        for channel, settings in found.items():
            for name in [name for name in settings if name.endswith("_file")]:
                file = (self.path.parent / Path(str(settings[name])).expanduser()).resolve()
                settings[name] = str(file)
                if not file.is_file():
                    self.problems.append(f"notify.channels.{channel}.{name}: there is no file {file}")
        return found

    def scalars(self, path: str) -> dict[str, Any]:
        """Free settings of a plug-in: any name, scalar values; the environment can set those given."""
        given = self.section(path)
        found = {str(name): self.value_in(path, name, None, _scalar) for name in given}
        for name in given:
            if given[name] is None and found[str(name)] is None:
                self.problems.append(f"{path}.{name}: has no value")
        return found

    def servers(self) -> dict[str, ServerSettings]:
        known = server_names()
        self.refuse_unknown("servers", self.section("servers"), known)
        return {name: self.server(f"servers.{name}") for name in known}

    def server(self, path: str) -> ServerSettings:
        self.refuse_unknown(path, self.section(path), _SERVER)
        roles = self.section(f"{path}.ports")
        return ServerSettings(
            port=self.value(f"{path}.port", None, _port),
            ports={str(role): self.value(f"{path}.ports.{role}", None, _port) for role in roles},
            memory_mb=self.value(f"{path}.memory_mb", None, _memory),
            settings=self.scalars(f"{path}.settings"),
            external=self.external(f"{path}.external"),
        )

    def external(self, path: str) -> External | None:
        given = self.section(path)
        self.refuse_unknown(path, given, ("address", "credentials_file"))
        address = self.value(f"{path}.address", None, _text)
        secret = self.value(f"{path}.credentials_file", None, _text)
        if address is None:
            if given:
                self.problems.append(f"{path}.address: is missing")
            del self.sources[f"{path}.address"], self.sources[f"{path}.credentials_file"]
            return None
        if secret is None:
            return External(address)
        if path.split(".")[1] in OPEN_SERVERS:
            self.problems.append(f"{path}.credentials_file: this server is reached without a password")
        file = (self.path.parent / Path(secret).expanduser()).resolve()
        if not file.is_file():
            self.problems.append(f"{path}.credentials_file: there is no file {file}")
        return External(address, file)


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError("must be a text, a number, true or false")
    return value


def _last_names(prefix: str) -> tuple[str, ...]:
    return tuple(path.removeprefix(prefix) for path in _SETTINGS if path.startswith(prefix))
