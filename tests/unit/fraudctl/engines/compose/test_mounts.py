"""Which files of this machine each container sees."""

from __future__ import annotations

from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.engines.compose import image, mounts, services
from fraudctl.home.stack import Stack
from fraudctl.settings import reading

PROFILE = """
servers:
  kafka:
    external: {bootstrap: "b:1", security: scram, username: u, password_file: kafka.pw, ca_file: ca.pem}
  redis: {external: {address: "rediss://far:1"}}
  postgres: {external: {address: "postgresql://u@far/risk"}}
  dynamodb: {external: {address: "aws://eu-central-1", credentials_file: aws.keys}}
sinks:
  postgres: {ca_file: ca.pem, password_file: postgres.pw}
  redis: {cert_file: me.pem, key_file: me.key}
  dynamodb: {}
schema_registry: {url: "https://r", ca_file: registry.pem}
signing: {key: signing.key, trusted: trusted}
checkpoints: {url: "s3://bucket/live", credentials_file: bucket.keys}
notify: {channels: {slack: {webhook_file: hook}}}
"""
FILES = "kafka.pw ca.pem aws.keys postgres.pw me.pem me.key registry.pem signing.key trusted bucket.keys hook"


def a_stack(folder: Path) -> Stack:
    for name in FILES.split():
        (folder / name).write_text("x")
    (folder / "own.yaml").write_text(PROFILE)
    profile = reading.load(folder / "own.yaml")
    ports = {"flink": {"rest": 1}}
    addresses = {"kafka": "b:1", "flink": "f:1", "redis": "r", "postgres": "p", "dynamodb": "d"}
    return Stack(folder / "home", profile, addresses, ports, engine="compose")


def test_each_program_sees_the_files_that_it_reads_and_no_others(tmp_path: Path) -> None:
    stack = a_stack(tmp_path)
    kafka, job = ["kafka.pw", "ca.pem"], ["registry.pem", "bucket.keys"]
    expected = {
        "flink-jobmanager": [*kafka, *job],
        "flink-taskmanager": [*kafka, *job],
        "keeper": [*kafka, *job, "signing.key", "trusted"],
        "ticker": kafka,
        "sink-postgres": [*kafka, "postgres.pw"],
        "sink-redis": [*kafka, "me.pem", "me.key"],
        "sink-dynamodb": [*kafka, "aws.keys"],
        "notifier": ["aws.keys", "hook"],
    }
    found = {name: [path.name for path in mounts.files(stack, name)] for name in expected}
    assert {name: sorted(one) for name, one in found.items()} == {
        name: sorted(one) for name, one in expected.items()
    }
    volumes = mounts.volumes(stack)
    assert volumes.keys() == {*expected, mounts.CLI}
    assert set(volumes[mounts.CLI]) == {line for name in expected for line in volumes[name]}


def test_flink_s_plug_in_is_where_the_image_would_have_it(tmp_path: Path) -> None:
    found = services.override(a_stack(tmp_path))["services"]
    [here], [there] = artifacts.jars("s3"), artifacts.jars("s3", image.CACHE)
    for name in ("jobmanager", "taskmanager", "keeper"):
        volumes = found[name]["volumes"]
        assert isinstance(volumes, list)
        assert volumes[-1] == f"{here}:{there}:ro"
    assert "/opt/cache" not in str(found["ticker"]["volumes"])
