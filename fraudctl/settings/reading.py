"""Reads a profile: shipped file, then environment, then options, each value checked, its source noted.

A value comes from a flag, else the environment, else the file, else the default, and `Profile.sources` says
which. Every problem is reported at once, each by its path: also names nobody knows, in the file and among the
environment variables that begin with `FRAUDCTL_`. Plug-ins (sinks, channels, servers) are found by their name
and say themselves what they can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from fraudctl.errors import ProfileError
from fraudctl.settings import elsewhere, profile_file, shipped
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.settings.layers import OTHER_VARIABLES, Layers
from fraudctl.settings.profile import (
    PORT,
    Approval,
    Digest,
    Field,
    FlinkSize,
    Ids,
    Log,
    Notify,
    Pipeline,
    Profile,
    ServerSettings,
    ServerSize,
    Signing,
    Topics,
)
from fraudctl.settings.sections import Sections
from pipeline import notify, sinks
from pipeline.records.masking import NEVER
from pipeline.settings.reading import Free, names, read

DEFAULT_SINKS = ("postgres", "redis")
"""the sinks of a profile that says nothing of them"""
MOST_FIELDS = 1_000
"""of which a profile may say something"""
_T = TypeVar("_T")
_MORE = ("schema_registry", "notify", "signing", "approval", "fields")
_SECTIONS = ("topics", "pipeline", "checkpoints", "sinks", "servers", *_MORE)


def load(
    name_or_path: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Profile:
    """Read and check a profile; `overrides` maps dotted paths to values given as flags.

    Raises ProfileError with every problem, UsageError if there is no such profile.
    """
    environ = environ or {}
    path = profile_file.find(str(name_or_path or environ.get("FRAUDCTL_PROFILE") or "default"))
    return check(profile_file.content(path), path, overrides, environ)


def check(
    content: Mapping[str, Any],
    path: Path,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Profile:
    """The same of content that is at hand; `path` is the file whose name and folder it has."""
    layers = Layers(content, overrides or {}, environ or {})
    profile = _Reader(layers, path).profile()
    if layers.problems:
        raise ProfileError(str(path), layers.problems)
    return profile


class _Reader(Sections):
    """Takes a profile's values from their layers, section by section."""

    def profile(self) -> Profile:
        self.refuse_unknown("", ("engine", "rules", *_SECTIONS, *vars(Log())))
        topics, log, pipeline = self.topics(), self.flat("", Log), self.pipeline()
        rules, sinks, servers, notify = self.rules(), self.sinks(), self.servers(), self.notify()
        signing, approval = self.section("signing", Signing), self.section("approval", Approval)
        if approval.required and signing.trusted is None:
            self.problem("approval.required", "wants signing.trusted, the file of those who may approve")
        schema_registry, engine = elsewhere.schema_registry(self), self.engine()
        self.layers.allow(OTHER_VARIABLES)
        self.layers.problems += self.layers.strangers()
        return Profile(
            name=self.path.stem,
            topics=topics,
            rules=rules,
            pipeline=pipeline,
            sinks=sinks,
            servers=servers,
            notify=notify,
            signing=signing,
            fields=self.fields(),
            approval=approval,
            schema_registry=schema_registry,
            engine=engine,
            checkpoints=self.checkpoints(),
            sources=self.layers.sources,
            **vars(log),
        )

    def engine(self) -> str | None:
        given, known = self.layers.values("", ["engine"]).get("engine"), shipped.engine_names()
        if given is None or given in known:
            return given
        self.problem("engine", f"must be one of {', '.join(known)}")
        return None

    def pipeline(self) -> Pipeline:
        self.refuse_unknown("pipeline", names(Pipeline))
        own = [name for name in names(Pipeline) if name != "ids"]
        found, problems = read(Pipeline, self.layers.values("pipeline", own), "pipeline")
        self.layers.problems += problems
        return replace(found or Pipeline(), ids=self.section("pipeline.ids", Ids))

    def checkpoints(self) -> Checkpoints | None:
        path = "checkpoints"
        return read(Checkpoints, self.plug_in(path, Checkpoints))[0] if self.layers.sets(path) else None

    def topics(self) -> Topics:
        found = self.section("topics", Topics)
        chosen = list(vars(found).values())
        for name, topic in vars(found).items():
            if chosen.count(topic) > 1:
                self.problem(f"topics.{name}", f"{topic!r} is named twice")
        return found

    def rules(self) -> Path:
        given = self.layers.values("", ["rules"]).get("rules")
        if given is None:
            given = str(shipped.data_dir("profiles") / "rules" / "default.yaml")
        if not isinstance(given, str) or not given.strip():
            self.problem("rules", "must be a non-empty text")
            return self.path
        is_in_file = self.layers.sources["rules"] == "file"
        return self.there("rules", shipped.beside(self.path.parent if is_in_file else Path.cwd(), given))

    def sinks(self) -> dict[str, dict[str, Any]]:
        known, given = shipped.sink_names(), self.layers.section("sinks")
        self.refuse_unknown("sinks", known)
        wanted = given if "sinks" in self.layers.section("") else DEFAULT_SINKS
        chosen = [name for name in known if name in wanted]
        self.refuse_idle("sinks", known, chosen)
        return {name: self.plug_in(f"sinks.{name}", sinks.settings_type(name)) for name in chosen}

    def notify(self) -> Notify:
        """The channels alerts are told on, and when they are folded."""
        digest = self.section("notify", Digest, "channels")
        known, given = shipped.channel_names(), self.layers.section("notify.channels")
        self.refuse_unknown("notify.channels", known)
        if given and "dynamodb" not in self.layers.section("sinks"):
            self.problem("notify.channels", "needs the sink dynamodb, whose alerts it tells of")
        chosen = [name for name in known if name in given]
        self.refuse_idle("notify.channels", known, chosen)
        channels = {
            name: self.plug_in(f"notify.channels.{name}", notify.settings_type(name)) for name in chosen
        }
        return Notify(channels, **vars(digest))

    def fields(self) -> dict[str, Field]:
        """What is said of single fields of payments, by any name that they may have."""
        found = {}
        given = self.layers.section("fields")
        if len(given) > MOST_FIELDS:
            self.problem("fields", f"says something of {len(given)} fields, at most {MOST_FIELDS}")
            return {}
        for name in given:
            found[name] = self.section(f"fields.{name}", Field)
            if name in NEVER and found[name].mask:
                self.problem(f"fields.{name}", "cannot be masked: nobody could ask for a decision any more")
        return found

    def refuse_idle(self, path: str, known: Iterable[str], chosen: Iterable[str]) -> None:
        """Environment variables for a plug-in that this profile does not have would set nothing."""
        for name in sorted(set(known) - set(chosen)):
            idle = self.layers.variables_below(f"{path}.{name}")
            self.layers.allow(idle)
            for one in idle:
                self.problem(one, f"sets nothing: this profile has no {path}.{name}")

    def plug_in(self, path: str, kind: type[Any]) -> dict[str, Any]:
        """What a plug-in is told, as it was written; a file a setting names lies beside the profile."""
        given = self.layers.section(path)
        is_free = kind is Free
        if not is_free:
            self.refuse_unknown(path, names(kind))
        found = self.layers.values(path, given if is_free else names(kind))
        for name, value in given.items():
            if value is None and name not in found:
                self.problem(f"{path}.{name}", "has no value")
        self.layers.problems += read(kind, found, path)[1]
        if not is_free:
            self.beside(path, kind, found)
        self.layers.allow(str(value) for name, value in found.items() if name.endswith("_variable"))
        return found

    def servers(self) -> dict[str, ServerSettings]:
        known = shipped.server_names()
        self.refuse_unknown("servers", known)
        return {name: self.server(name) for name in known}

    def server(self, name: str) -> ServerSettings:
        path = f"servers.{name}"
        kind: type[ServerSize] = FlinkSize if name == "flink" else ServerSize
        size = self.section(path, kind, "ports", "settings", "external")
        ports, own = self.ports(name), {}
        if self.layers.sets(f"{path}.settings"):
            own = self.plug_in(f"{path}.settings", _server_module(name).Settings)
        count = size.taskmanagers if isinstance(size, FlinkSize) else 1
        return ServerSettings(size.port, ports, size.memory_mb, own, elsewhere.of(self, name), count)

    def ports(self, name: str) -> dict[str, int]:
        path = f"servers.{name}.ports"
        if not self.layers.sets(path):
            return {}
        roles: Iterable[str] = _server_module(name).Server.port_roles
        self.refuse_unknown(path, roles)
        found = {}
        for role, value in self.layers.values(path, roles).items():
            try:
                found[role] = PORT.read(value)
            except ValueError as error:
                self.problem(f"{path}.{role}", str(error))
        return found


def _server_module(name: str) -> Any:
    return import_module(f"fraudctl.servers.{name}")
