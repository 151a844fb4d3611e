"""What a profile comes to in Compose's words, without any Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraudctl import engines
from fraudctl.binaries import artifacts
from fraudctl.engines.compose import image, services
from fraudctl.engines.compose.inside import cluster, store
from fraudctl.engines.compose.project import project_name
from fraudctl.errors import ProfileError
from fraudctl.home.stack import Inside, Stack, read
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile

PORTS = {
    "kafka": {"broker": 21},
    "flink": {"rest": 22},
    "postgres": {"postgres": 23},
    "redis": {"redis": 24},
    "elasticsearch": {"http": 25},
    "dynamodb": {"dynamodb": 26},
}


def profile(folder: Path, text: str = "{}") -> Profile:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return reading.load(path)


def a_stack(folder: Path, text: str = "{}", **changes: Any) -> Stack:
    chosen = profile(folder, text)
    addresses = {name: f"127.0.0.1:{next(iter(roles.values()))}" for name, roles in PORTS.items()}
    inside = Inside(
        services.inside_addresses(chosen, ()), image.jars(), folder / "rules.json", ("docker", "exec", "k")
    )
    return Stack(folder, chosen, addresses, PORTS, engine="compose", inside=inside, **changes)


def test_the_files_are_told_home_user_ports_and_memory(tmp_path: Path) -> None:
    told = services.variables(a_stack(tmp_path, "servers: {kafka: {memory_mb: 700}}"), (7, 8))
    assert told == {
        "FRAUDCTL_HOME_SOURCE": str(tmp_path),
        "FRAUDCTL_HOME_TARGET": str(tmp_path),
        "FRAUDCTL_SECRETS_SOURCE": str(tmp_path / "secrets"),
        "FRAUDCTL_WATCHING_SOURCE": str(tmp_path / "run" / "watching"),
        "FRAUDCTL_LOGIN_SOURCE": str(tmp_path / "run" / "kafka"),
        "FRAUDCTL_UID": "7",
        "FRAUDCTL_GID": "8",
        "FRAUDCTL_MAVEN_URL": "",
        "FRAUDCTL_SERVERS_KAFKA_PORT": "21",
        "FRAUDCTL_SERVERS_KAFKA_MEMORY_MB": "700",
        "FRAUDCTL_SERVERS_FLINK_PORT": "22",
        "FRAUDCTL_SERVERS_FLINK_MEMORY_MB": "2400",
        "FRAUDCTL_SERVERS_POSTGRES_PORT": "23",
        "FRAUDCTL_SERVERS_POSTGRES_MEMORY_MB": "128",
        "FRAUDCTL_SERVERS_REDIS_PORT": "24",
        "FRAUDCTL_SERVERS_REDIS_MEMORY_MB": "512",
    }


def test_free_settings_of_servers_go_on_top(tmp_path: Path) -> None:
    text = """
        sinks: {postgres: {}, elasticsearch: {}}
        servers:
          kafka: {settings: {num.io.threads: 3, log4j2.some_name: x-y}}
          postgres: {settings: {fsync: false}}
          elasticsearch: {settings: {indices.memory.index_buffer_size: 5%}}
    """
    found = services.override(a_stack(tmp_path, text))["services"]
    assert found["kafka"] == {"environment": {"KAFKA_NUM_IO_THREADS": "3", "KAFKA_LOG4J2_SOME__NAME": "x-y"}}
    assert found["elasticsearch"] == {"environment": {"indices.memory.index_buffer_size": "5%"}}
    command = found["postgres"]["command"]
    assert isinstance(command, list)
    assert (command[0], command[-2:]) == ("postgres", ["-c", "fsync=false"])


def of_commands(home: Path) -> str:
    """What commands in the network read in the place of the stack's file."""
    return f"{home / 'run' / 'stack-inside.json'}:{home / 'stack.json'}:ro"


def test_a_password_file_outside_the_home_is_mounted_for_its_writer_and_for_commands(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    text = "servers: {redis: {external: {address: 'redis://far:1', credentials_file: secret}}}"
    home = tmp_path / "home"
    stack = a_stack(tmp_path, text)
    moved = Stack(home, stack.profile, stack.addresses, PORTS, engine="compose", inside=stack.inside)
    place = tmp_path / "secret"
    assert services.override(moved)["services"] == {
        "sink-redis": {"volumes": [f"{place}:{place}:ro"]},
        "cli": {"volumes": [of_commands(home), f"{place}:{place}:ro"]},
    }


def test_programs_see_names_of_the_network_and_servers_elsewhere_as_we_do(tmp_path: Path) -> None:
    text = "servers: {redis: {external: {address: 'redis://far:1'}}}"
    found = a_stack(tmp_path, text).seen_inside
    assert found.addresses == {
        "kafka": "kafka:9092",
        "flink": "flink-jobmanager:8081",
        "postgres": "postgres:5432",
        "redis": "redis://far:1",
    }
    assert (found.profile.rules, found.jars, found.inside) == (tmp_path / "rules.json", image.jars(), None)
    assert found.seen_inside is found


def test_what_is_inside_is_read_back_from_the_stack_file(tmp_path: Path) -> None:
    stack = a_stack(tmp_path)
    stack.save()
    assert read(tmp_path) == stack


def test_each_taskmanager_has_its_own_address_and_name(tmp_path: Path) -> None:
    stack = a_stack(tmp_path, "servers: {flink: {settings: {web.refresh-interval: 1 s}}}").seen_inside
    settings = cluster(stack, "ab12", "172.18.0.9").settings()
    assert settings["taskmanager.host"] == "172.18.0.9"
    assert settings["taskmanager.resource-id"] == "taskmanager-ab12"
    assert settings["jobmanager.rpc.address"] == settings["rest.address"] == "flink-jobmanager"
    assert settings["web.refresh-interval"] == "1 s"
    assert settings["execution.checkpointing.dir"] == stack.paths.checkpoints.as_uri()


def test_as_many_taskmanagers_are_started_as_the_profile_wants_each_a_container(tmp_path: Path) -> None:
    stack = a_stack(tmp_path, "servers: {flink: {taskmanagers: 3}}")
    commands = {"cli": {"volumes": [of_commands(tmp_path)]}}
    assert services.override(stack)["services"] == {"taskmanager": {"scale": 3}, **commands}
    inside = cluster(stack.seen_inside, "ab12", "172.18.0.9")
    assert [one.name for one in inside.programs()] == ["flink-jobmanager", "flink-taskmanager"]
    assert services.override(a_stack(tmp_path))["services"] == commands


DYNAMODB_LOCAL = """
sinks: {dynamodb: {}}
servers: {dynamodb: {settings: {implementation: dynamodb-local, accept_terms: true}}}
"""


def test_dynamodb_local_is_made_in_its_container_of_what_this_machine_has_fetched(tmp_path: Path) -> None:
    stack = a_stack(tmp_path, DYNAMODB_LOCAL, is_closed=True)
    there = tmp_path / "data" / "dynamodb" / "cache"
    found = services.override(stack)["services"]["dynamodb"]
    assert found == {"volumes": [f"{artifacts.cache_dir()}:{there}:ro"]}
    [program] = store(stack.seen_inside).programs()
    argv = program.argv
    jars = argv[argv.index("-cp") + 1].split(":")
    assert all(Path(jar).is_relative_to(there) for jar in jars)
    [launcher] = [number for number, word in enumerate(argv) if word == "DynamoDbOnLoopback"]
    assert argv[launcher + 1 : launcher + 5] == [
        "0.0.0.0",
        str(tmp_path / "secrets" / "dynamodb"),
        "-port",
        "8000",
    ]


def test_moto_needs_nothing_of_this_machine(tmp_path: Path) -> None:
    stack = a_stack(tmp_path, "sinks: {dynamodb: {}}", is_closed=True)
    assert "dynamodb" not in services.override(stack)["services"]
    [program] = store(stack.seen_inside).programs()
    assert program.argv[program.argv.index("--host") + 1 :][:3] == ["0.0.0.0", "--port", "8000"]
    assert program.argv[-2:] == ["--credentials", str(tmp_path / "secrets" / "dynamodb")]


def test_two_homes_are_two_projects() -> None:
    assert project_name(Path("/a")) == project_name(Path("/a")) != project_name(Path("/b"))


def test_a_profile_can_name_its_engine(tmp_path: Path) -> None:
    found = profile(tmp_path, "engine: compose")
    assert (found.engine, profile(tmp_path).engine) == ("compose", None)
    assert type(engines.for_up(tmp_path / "none", found.engine)) is type(engines.find("compose"))
    with pytest.raises(ProfileError, match="engine: must be one of aws, compose, kubernetes, local"):
        profile(tmp_path, "engine: docker")
