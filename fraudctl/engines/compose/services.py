"""A stack in Compose's words: its services, their ports and addresses, and what the shipped files are told.

The files in `compose/` stand for the default profile. What another profile wants is said by variables, which
bear the names that the profile's own settings have in the environment, and by an override for settings that
are free (`Override`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import yaml

from fraudctl.engines import chosen, ports, workers
from fraudctl.engines.compose import companions, mounts, names
from fraudctl.engines.compose.inside import DYNAMODB_PORT, METRICS_PORT, PORTS
from fraudctl.engines.compose.names import DYNAMODB, JOBMANAGER, TASKMANAGER
from fraudctl.home import own
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Paths, Stack
from fraudctl.servers import (
    BaseServer,
    _flink_security,
    dynamodb,
    generated_password,
    prometheus,
    server_class,
)
from fraudctl.settings import shipped
from fraudctl.settings.layers import OF_OUR_IMAGE, variable
from fraudctl.settings.profile import Profile
from pipeline.records.clock import HOUR_MS

PROCESSES = "processes"
"""holds the place where Flink's worker and the keeper see each other's processes; no program of the stack"""
HELPERS = frozenset({PROCESSES, "setup", "prepare", "cli"})
WITH_PASSWORD = ("kafka", "postgres", "redis")
_LOGIN = """\
KafkaServer {{
  org.apache.kafka.common.security.plain.PlainLoginModule required
  username="{user}" password="{password}" user_{user}="{password}";
}};
"""
S3_USER = "fraudctl"
LISTENS: Mapping[str, tuple[str, int]] = {
    "kafka": ("kafka", 9092),
    "flink": (JOBMANAGER, PORTS["rest"]),
    "postgres": ("postgres", 5432),
    "redis": ("redis", 6379),
    "elasticsearch": ("elasticsearch", 9200),
    DYNAMODB: (DYNAMODB, DYNAMODB_PORT),
    "prometheus": (companions.PROMETHEUS, 9090),
}
"""Where each server is for the stack's own programs: its name in the network, and the port there."""
_RETENTION = "--storage.tsdb.retention.time="
IMAGES: Mapping[str, str] = {
    "fraudctl": "FRAUDCTL_IMAGE",
    **{
        name: f"FRAUDCTL_IMAGE_{name.upper()}"
        for name in (*LISTENS, *companions.PORTS)
        if name not in OF_OUR_IMAGE
    },
}
"""The variable that names another image, by what it is of."""


class Override(TypedDict):
    """A compose file that goes on top of the shipped ones."""

    services: dict[str, dict[str, object]]


def files() -> Path:
    """The folder of the shipped compose files."""
    return shipped.data_dir("compose")


def folders(paths: Paths) -> tuple[Path, ...]:
    """What must be there, and ours, before a container looks for it: Docker would make it as root."""
    flink = (paths.flink_conf.parent, paths.checkpoints, paths.savepoints, paths.plugins)
    ours = (paths.home, paths.run, watching(paths), login(paths), paths.logs, paths.jobs, paths.secrets)
    return (*ours, paths.home / "data", *flink)


def watching(paths: Paths) -> Path:
    """The folder of what Prometheus and Grafana read."""
    return paths.run / "watching"


def login(paths: Paths) -> Path:
    """The folder of what Kafka reads of who may come."""
    return paths.run / "kafka"


def program_names(server: BaseServer) -> tuple[str, ...]:
    """The programs that a server is."""
    return (JOBMANAGER, TASKMANAGER) if server.name == "flink" else (server.name,)


def of_servers(servers: Iterable[BaseServer]) -> list[str]:
    """The services that run these servers."""
    programs = [name for server in servers for name in program_names(server)]
    return [*([PROCESSES] if TASKMANAGER in programs else []), *map(names.service, programs)]


def of_workers(stack: Stack) -> list[str]:
    """The services that are the pipeline's own programs."""
    return [program.name for program in workers.programs(stack.seen_inside)]


def kinds(profile: Profile, without: tuple[str, ...], added: Sequence[str]) -> dict[str, type[BaseServer]]:
    """The servers that run here: what the profile needs, and Prometheus where it is asked for. UsageError."""
    more = [companions.PROMETHEUS] if companions.is_watched(added) else []
    return {**chosen.required(profile, without), **{name: server_class(name) for name in more}}


def metrics_ports(profile: Profile, added: Sequence[str]) -> dict[str, int]:
    """Where our programs answer `/metrics` in the network; the exporter runs where somebody asks."""
    programs = ports.of_programs(profile)
    return {
        name: METRICS_PORT for name in programs if name != workers.EXPORTER or companions.is_watched(added)
    }


def make_secrets(paths: Paths, servers: Iterable[str]) -> None:
    """The passwords of these that are not there yet, each a file for its owner alone."""
    for name in servers:
        if name in WITH_PASSWORD:
            generated_password(paths.secret_file(name))
    if "kafka" in servers:
        _write_login(paths)
    if "flink" in servers:
        _flink_security.prepare(paths)
    if "dynamodb" in servers and not (file := paths.secret_file("dynamodb")).exists():
        dynamodb.renew(file)
    if companions.S3 in servers and not (file := paths.secret_file(companions.S3)).exists():
        write_atomically(file, f"{S3_USER}:{secrets.token_urlsafe(24)}\n")


def _write_login(paths: Paths) -> None:
    """Kafka's image runs as a user of its own, so the file is readable by all; the home around it is not."""
    place, password = login(paths), generated_password(paths.secret_file("kafka"))
    file = place / "login.conf"
    write_atomically(file, _LOGIN.format(user=own.USER, password=password))
    place.chmod(0o755)
    file.chmod(0o644)


def published(profile: Profile, kinds: Mapping[str, type[BaseServer]]) -> dict[str, dict[str, int]]:
    """The one port of each server that is asked for on this machine: the one its users connect to."""
    wanted = {name: roles for name, roles in ports.wanted(profile, kinds).items() if name in kinds}
    return {name: dict([next(iter(roles.items()))]) for name, roles in wanted.items()}


def inside_addresses(profile: Profile, without: tuple[str, ...], added: Sequence[str] = ()) -> dict[str, str]:
    """Where the stack's own programs find every server."""
    ours = {name: "{}:{}".format(*LISTENS[name]) for name in kinds(profile, without, added)}
    return ours | chosen.external_addresses(profile, without)


def inside_sinks(profile: Profile) -> dict[str, dict[str, object]]:
    """The settings of sinks there. The stack's own PostgreSQL is in a network of its own, and has no TLS."""
    ours = {"postgres": {"sslmode": "disable"}} if profile.server("postgres").external is None else {}
    return {name: {**ours.get(name, {}), **settings} for name, settings in profile.sinks.items()}


def variables(stack: Stack, user: tuple[int, int]) -> dict[str, str]:
    """What the shipped files are told about this stack; `user` are the numbers of a user and a group."""
    told = {
        "FRAUDCTL_HOME_SOURCE": str(stack.home),
        "FRAUDCTL_HOME_TARGET": str(stack.home),
        "FRAUDCTL_SECRETS_SOURCE": str(stack.paths.secrets),
        "FRAUDCTL_WATCHING_SOURCE": str(watching(stack.paths)),
        "FRAUDCTL_LOGIN_SOURCE": str(login(stack.paths)),
        "FRAUDCTL_UID": str(user[0]),
        "FRAUDCTL_GID": str(user[1]),
        # What would be fetched from there is mounted, and the URL of a mirror may have a password in it.
        "FRAUDCTL_MAVEN_URL": "",
    }
    for name, server in chosen.servers(stack).items():
        told[variable(f"servers.{name}.port")] = str(server.port)
        told[variable(f"servers.{name}.memory_mb")] = str(server.memory)
    for name in companions.PORTS.keys() & stack.ports.keys():
        told[companions.variable(name)] = str(stack.ports[name][name])
    return told


def override(stack: Stack) -> Override:
    """Free settings of servers, how many TaskManagers, and what is mounted into programs beside the home."""
    services: dict[str, dict[str, object]] = {}
    settings = {name: stack.profile.server(name).settings for name in chosen.servers(stack)}
    if own := settings.get("kafka"):
        services["kafka"] = {"environment": {_kafka(name): str(value) for name, value in own.items()}}
    if own := settings.get("elasticsearch"):
        services["elasticsearch"] = {"environment": {name: _text(value) for name, value in own.items()}}
    if own := settings.get("postgres"):
        arguments = [word for name, value in own.items() for word in ("-c", f"{name}={_text(value)}")]
        services["postgres"] = {"command": [*_shipped_command("postgres"), *arguments]}
    if "prometheus" in settings:
        hours = prometheus.told(stack.profile.server("prometheus")).retention_ms // HOUR_MS
        kept = f"{_RETENTION}{hours}h"
        shipped_words = _shipped_command("prometheus")
        words = [kept if word.startswith(_RETENTION) else word for word in shipped_words]
        services["prometheus"] = {"command": words}
    if (count := stack.profile.server("flink").taskmanagers) > 1 and "flink" in settings:
        services[names.service(TASKMANAGER)] = {"scale": count}
    for name, mounted in mounts.volumes(stack).items():
        services.setdefault(names.service(name), {})["volumes"] = mounted
    return {"services": services}


def _shipped_command(name: str) -> list[str]:
    document = yaml.safe_load((files() / f"{name}.yaml").read_text(encoding="utf-8"))
    return list(document["services"][name]["command"])


def _kafka(name: str) -> str:
    """The variable by which the official image is told a setting of server.properties."""
    words = name.replace("-", "___").replace("_", "__") if "-" in name else name.replace("_", "__")
    return "KAFKA_" + re.sub(r"\.", "_", words).upper()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
