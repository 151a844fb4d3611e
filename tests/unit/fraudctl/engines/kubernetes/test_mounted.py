"""What a program makes of the profile and the secrets that are mounted in its pod."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines import workers
from fraudctl.engines.kubernetes import mounted
from fraudctl.errors import ProfileError
from fraudctl.home.run_counter import newest_seen
from fraudctl.home.stack import Stack
from fraudctl.jobs.application import application
from tests.chart import EXAMPLES, example, one, render


def mount(folder: Path, values: dict[str, Any], program: str = "") -> Path:
    """The folder as a pod of the program finds it: the ConfigMap's files, and those of its secrets."""
    objects = render(values)
    folder.mkdir(parents=True)
    for name, text in one(objects, "ConfigMap", "fraud-profile")["data"].items():
        (folder / name).write_text(text)
    made = [it for it in objects if it["kind"] in ("Deployment", "Job")]
    [pod] = [
        it["spec"]["template"]["spec"]
        for it in made
        if it["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == program
    ] or [one(objects, "FlinkDeployment", "fraud")["spec"]["podTemplate"]["spec"]]
    for place in pod["containers"][0]["volumeMounts"]:
        if place["mountPath"].startswith("/etc/fraudctl/secrets/"):
            where = folder / place["mountPath"].removeprefix("/etc/fraudctl/")
            where.mkdir(parents=True)
            for file in ("password", "key", "ca.pem", "ca.crt", "tls.crt", "tls.key", "server-ca.pem"):
                (where / file).write_text("secret\n")
    return folder


def stack(tmp_path: Path, program: str, name: str = "eks", **changes: Any) -> Stack:
    folder = mount(tmp_path / "etc", example(name, **changes), program)
    return mounted.stack_of(tmp_path / "home", program, folder)


def programs() -> list[tuple[str, str]]:
    found = []
    for name in EXAMPLES:
        objects = render(example(name))
        for it in objects:
            if it["kind"] in ("Deployment", "Job"):
                container = it["spec"]["template"]["spec"]["containers"][0]
                found.append((name, container["command"][-1]))
    return found


@pytest.mark.parametrize(("name", "program"), [*programs(), *((name, mounted.FLINK) for name in EXAMPLES)])
def test_every_program_of_every_example_finds_all_that_it_needs_in_its_pod(
    tmp_path: Path, name: str, program: str
) -> None:
    found = stack(tmp_path, program, name)
    known = {one.name for one in workers.programs(found)} | {"setup", "toolbox", "flink"}
    assert program in known
    assert found.flink.address == "fraud-rest:8081"


def test_a_writer_is_started_with_its_store_and_its_secret_and_answers_on_every_address(
    tmp_path: Path,
) -> None:
    found = stack(tmp_path, "sink-postgres")
    said = json.loads(workers.sink_file(found, "postgres").read_text())
    assert said["address"] == "postgresql://risk@risk.cluster-abc123.eu-central-1.rds.amazonaws.com:5432/risk"
    assert said["secret_file"] == str(tmp_path / "etc/secrets/postgres/password")
    assert said["kafka"]["password_file"] == str(tmp_path / "etc/secrets/kafka/password")
    assert (said["metrics_host"], said["metrics_port"]) == ("0.0.0.0", 9400)


def test_a_program_knows_the_names_of_other_stores_and_nothing_more_of_them(tmp_path: Path) -> None:
    found = stack(tmp_path, "sink-postgres")
    assert {name: dict(told) for name, told in found.profile.sinks.items() if name != "postgres"} == {
        "dynamodb": {},
        "parquet": {},
        "redis": {},
    }
    assert workers.sinks(stack(tmp_path / "again", "exporter")) == [
        "dynamodb",
        "parquet",
        "postgres",
        "redis",
    ]


def test_a_secret_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    folder = mount(tmp_path / "etc", example("eks"), "sink-postgres")
    (folder / "secrets/postgres/password").unlink()
    with pytest.raises(ProfileError, match=r"sinks\.postgres\.password_file: there is no file"):
        mounted.stack_of(tmp_path / "home", "sink-postgres", folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "cluster"),
        ('{"cluster": "fraud", "run": 1, "runs": 2}', "runs"),
        ('{"cluster": "fraud", "run": "first"}', "run"),
        ("- [", "line 2: not YAML"),
    ],
)
def test_a_mounted_job_that_cannot_be_used_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "job.yaml").write_text(text)
    with pytest.raises(mounted.Unmounted, match=r"job\.yaml cannot be used") as failure:
        mounted.job_of(tmp_path)
    assert said in failure.value.message


def test_the_job_counts_as_wanted_for_whoever_watches(tmp_path: Path) -> None:
    home = stack(tmp_path, "exporter").home
    assert json.loads((home / "jobs" / "live.json").read_text())["wanted"] == "running"
    assert json.loads((home / "stack.json").read_text())["engine"] == "kubernetes"


def test_a_run_that_a_pod_takes_is_above_the_live_jobs_also_where_that_has_decided_nothing(
    tmp_path: Path,
) -> None:
    assert newest_seen(stack(tmp_path, "toolbox", "kind", job={"run": 7}).home) == 7


def test_the_key_that_signs_the_first_rules_is_the_setups_and_everyone_knows_whom_to_trust(
    tmp_path: Path,
) -> None:
    setup = stack(tmp_path / "setup", "setup").profile.signing
    writer = stack(tmp_path / "writer", "sink-postgres").profile.signing
    flink = stack(tmp_path / "flink", mounted.FLINK).profile.signing
    assert setup.key == tmp_path / "setup/etc/secrets/signing/key"
    assert (writer.key, flink.key) == (None, None)
    assert flink.trusted == tmp_path / "flink/etc/trusted"
    assert flink.trusted.read_text().startswith("deployer ssh-ed25519 ")


def test_a_command_about_the_rules_has_the_key_and_knows_no_store_and_others_have_no_key(
    tmp_path: Path,
) -> None:
    def told(program: str) -> Mapping[str, Any]:
        return mounted.seen_by(json.loads((folder / "profile.yaml").read_text()), program)

    folder = mount(tmp_path / "etc", example("eks"), "setup")
    rules, command = told(mounted.RULES), told(mounted.COMMAND)
    assert rules["signing"] == {"trusted": "trusted", "key": "secrets/signing/key"}
    assert set(rules["sinks"]) == set(command["sinks"])
    assert not any(rules["sinks"].values())
    assert command["signing"] == {"trusted": "trusted"}
    assert command["sinks"]["postgres"]["password_file"] == "secrets/postgres/password"
    for file in sorted((folder / "secrets").glob("[!k]*")):
        if file.name != "signing":
            shutil.rmtree(file)
    found = mounted.stack_of(tmp_path / "home", mounted.RULES, folder)
    assert found.profile.signing.key == folder / "secrets/signing/key"


def test_only_what_reads_framed_records_is_told_of_the_registry_of_schemas(tmp_path: Path) -> None:
    registry = {"url": "https://registry.example.org", "username": "risk"}
    told = {
        "profile": {"schema_registry": {**registry, "password_file": "secrets/registry/password"}},
        "secrets": {"registry": {"secretName": "risk-registry"}},
    }
    flink = stack(tmp_path / "flink", mounted.FLINK, **told)
    file = tmp_path / "flink/etc/secrets/registry/password"
    config = application(flink.profile, "kafka:9092", 1, {})
    assert config.schema_registry["url"] == registry["url"]
    assert str(file) in config.schema_registry["password"]
    assert stack(tmp_path / "setup", "setup", **told).profile.schema_registry is not None
    assert stack(tmp_path / "writer", "sink-postgres", **told).profile.schema_registry is None
    policy = one(render(example("kind", **told)), "NetworkPolicy", "fraud-flink")["spec"]["egress"]
    assert policy[-1]["ports"] == [{"protocol": "TCP", "port": 443}]
