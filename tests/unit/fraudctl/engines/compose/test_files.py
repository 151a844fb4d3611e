"""The shipped compose files stand for the default profile: what they say is what the local engine does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.engines.compose import companions, names, services
from fraudctl.engines.compose.checks import OUR_IMAGE
from fraudctl.engines.compose.inside import METRICS_PORT
from fraudctl.home.stack import Paths
from fraudctl.servers import Site, discover, kafka, postgres, redis
from fraudctl.settings import layers, reading, shipped
from fraudctl.settings.layers import variable
from fraudctl.settings.profile import ServerSettings

SERVERS = discover()
FILES = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in services.files().glob("*.yaml")}
SERVICES: dict[str, dict[str, Any]] = {
    name: body for document in FILES.values() for name, body in document.get("services", {}).items()
}
TEXT = "\n".join(path.read_text("utf-8") for path in services.files().glob("*.yaml"))
ELSEWHERE = {
    "FRAUDCTL_HOME_SOURCE",
    "FRAUDCTL_HOME_TARGET",
    "FRAUDCTL_SECRETS_SOURCE",
    "FRAUDCTL_WATCHING_SOURCE",
    "FRAUDCTL_LOGIN_SOURCE",
    "FRAUDCTL_UID",
    "FRAUDCTL_GID",
    "FRAUDCTL_PROFILE",
    "FRAUDCTL_MAVEN_URL",
}


def defaults() -> dict[str, set[str]]:
    """Every variable of the files with the values it has where nobody sets it."""
    found: dict[str, set[str]] = {}
    for name, value in re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT):
        found.setdefault(name, set()).add(value)
    return found


def properties(text: str) -> dict[str, str]:
    """What a file of `name=value`, `name = 'value'` or `name value` lines says."""
    lines = (re.match(r"([\w.-]+)(?: = |=| )(.*)", line) for line in text.splitlines())
    return {line[1]: line[2].strip("'") for line in lines if line}


def test_every_file_is_included_and_a_variable_has_one_default_everywhere() -> None:
    assert set(FILES["compose.yaml"]["include"]) == FILES.keys() - {"compose.yaml", "program.yaml"}
    assert all(len(values) == 1 for values in defaults().values()), defaults()


def test_ports_and_memory_are_those_of_the_servers() -> None:
    wanted = {}
    for name, kind in SERVERS.items():
        wanted[variable(f"servers.{name}.port")] = {str(next(iter(kind.port_roles.values())))}
        if variable(f"servers.{name}.memory_mb") in defaults():
            wanted[variable(f"servers.{name}.memory_mb")] = {str(kind.memory_mb)}
    given = {name: value for name, value in defaults().items() if name.startswith("FRAUDCTL_SERVERS_")}
    assert given == wanted


def test_every_variable_is_one_of_ours_and_every_image_can_be_another() -> None:
    images = {name for name in defaults() if name.startswith("FRAUDCTL_IMAGE")}
    assert images == set(services.IMAGES.values())
    beside = {companions.variable(name): {str(port)} for name, port in companions.PORTS.items()}
    assert {name: value for name, value in defaults().items() if "_PORT_" in name} == beside
    assert images | beside.keys() < layers.OTHER_VARIABLES
    assert defaults().keys() - images - beside.keys() - ELSEWHERE == {
        n for n in defaults() if "_SERVERS_" in n
    }
    assert defaults()["FRAUDCTL_IMAGE"] == {OUR_IMAGE}


def test_every_server_and_every_sink_has_its_services() -> None:
    assert services.LISTENS.keys() == SERVERS.keys()
    nowhere = Site(Paths(Path("/none")), {}, ServerSettings(), Path("/none"))
    programs = {name for kind in SERVERS.values() for name in services.program_names(kind(nowhere))}
    writers = {f"sink-{sink}" for sink in shipped.sink_names()}
    ours = programs | writers | {"keeper", "ticker", "notifier", "exporter", *companions.PORTS}
    assert SERVICES.keys() - services.HELPERS - {"program"} == set(map(names.service, ours))


def test_flink_s_services_are_called_as_people_type_them_and_found_by_the_names_of_their_programs() -> None:
    told = {name: body["networks"] for name, body in SERVICES.items() if "networks" in body}
    given = {name: networks["default"]["aliases"] for name, networks in told.items()}
    assert given == {"jobmanager": ["flink-jobmanager"], "taskmanager": ["flink-taskmanager"]}
    for name, [program] in given.items():
        assert (names.service(program), names.program(name, "1")) == (name, program)
    assert names.program("taskmanager", "2") == "flink-taskmanager-2"
    assert (names.service("redis"), names.program("redis", "1")) == ("redis", "redis")


def test_what_no_default_profile_has_starts_only_when_asked_for() -> None:
    profile = reading.load("default")
    for sink in shipped.sink_names():
        asked = SERVICES[f"sink-{sink}"].get("profiles", [])
        assert bool(asked) == (sink not in profile.sinks), sink
        assert SERVICES.get(sink, {}).get("profiles", []) == (asked if sink in SERVICES else [])


def test_kafka_is_told_what_the_local_engine_tells_it() -> None:
    local = properties(kafka._PROPERTIES)
    own = {"KAFKA_" + name.upper().replace(".", "_"): value for name, value in local.items()}
    given = SERVICES["kafka"]["environment"]
    here = {name: value for name, value in own.items() if not re.search("LISTENER|QUORUM|LOG_DIRS", name)}
    assert {name: given.get(name) for name in here} == here


def test_postgres_is_told_what_the_local_engine_tells_it() -> None:
    command = SERVICES["postgres"]["command"]
    given = dict(word.split("=", 1) for word in command if "=" in word)
    local = properties(postgres._CONFIG)
    elsewhere = {"listen_addresses", "port", "unix_socket_directories", "password_encryption"}
    sized = {"shared_buffers"}
    assert {name: local[name] for name in local.keys() - elsewhere - sized} == {
        name: value for name, value in given.items() if name not in sized
    }


def test_redis_is_told_what_the_local_engine_tells_it() -> None:
    given = properties(SERVICES["redis"]["environment"]["REDIS_SETTINGS"])
    local = properties(redis._CONFIG)
    elsewhere = {"bind", "port", "protected-mode", "requirepass", "dir", "maxmemory", "daemonize"}
    assert {name: local[name] for name in local.keys() - elsewhere} == {
        name: value for name, value in given.items() if name not in elsewhere
    }


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_in_an_environment(name: str) -> None:
    words = re.compile("password|secret|token|credential", re.IGNORECASE)
    environment = SERVICES[name].get("environment", {})
    assert {key for key in environment if words.search(key)} <= {"POSTGRES_PASSWORD_FILE"}


def test_our_programs_may_write_nowhere_but_into_the_home_and_have_no_rights() -> None:
    program = SERVICES["program"]
    assert (program["read_only"], program["cap_drop"]) == (True, ["ALL"])
    assert program["security_opt"] == ["no-new-privileges:true"]
    ours = [name for name, body in SERVICES.items() if "extends" in body]
    assert all(SERVICES[name]["extends"] == {"file": "program.yaml", "service": "program"} for name in ours)
    others = {*services.LISTENS, *companions.PORTS} - {*layers.OF_OUR_IMAGE}
    assert {name for name, body in SERVICES.items() if "image" in body} == {"program", *others}


def test_whatever_goes_on_has_a_check_of_its_health() -> None:
    without = [name for name, body in SERVICES.items() if "healthcheck" not in body]
    assert sorted(without) == sorted({*services.HELPERS, "program"})


def test_what_watches_a_stack_starts_only_when_asked_for_and_all_together() -> None:
    asked = {name: set(SERVICES[name].get("profiles", [])) for name in (*companions.NAMES, "exporter")}
    assert asked == {
        "prometheus": {"prometheus", "grafana"},
        "exporter": {"prometheus", "grafana"},
        "grafana": {"grafana"},
        "mail": {"mail"},
        "s3": {"s3"},
    }


def test_metrics_are_published_by_no_port() -> None:
    told = [str(port) for body in SERVICES.values() for port in body.get("ports", [])]
    assert [port for port in told if port.endswith(f":{METRICS_PORT}")] == []


def test_the_database_and_its_user_are_those_of_the_sink() -> None:
    environment = SERVICES["postgres"]["environment"]
    assert (environment["POSTGRES_USER"], environment["POSTGRES_DB"]) == (postgres.USER, postgres.DATABASE)
