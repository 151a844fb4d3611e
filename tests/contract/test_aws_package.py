"""The zip for Managed Service for Apache Flink runs as it is: unpacked into an empty folder, in a Python that
has PyFlink alone, on a Flink that throws on every setting that the service refuses."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fraudctl.aws import package
from fraudctl.aws.allowed import allowed_settings
from fraudctl.flink.answers import Job
from fraudctl.home import signing
from fraudctl.home.stack import Paths, Stack
from fraudctl.jobs.activations import RulesTopic
from fraudctl.jobs.application import application
from fraudctl.jobs.end_marks import HEADER, EndMarks
from fraudctl.kafka import admin, tail, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile, Signing
from pipeline import msf
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock
from pipeline.records.decisions import encode_decision
from pipeline.rules import ruleset
from pipeline.scoring import order, reference, scorer
from tests import bare_python, flink_cluster, kafka_cluster
from tests.certificates import Authority
from tests.flink_cluster import SessionCluster
from tests.waiting import await_that

EVENTS, USERS, ADDRESSES = 1_000, 60, 25
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
OPTIONS = {"python": "-py", "jarfile": "--jarfile", "pyFiles": "-pyfs"}
"""What Flink calls what the service calls so."""
OWN = '"pipeline.name": config.name,'
"""a line of what the job sets itself"""
END_S = 240.0
Place = tuple[int, int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    """Of who may change the rules."""
    return signing.new_key()


@pytest.fixture(scope="module")
def profile(folder: Path, key: Ed25519PrivateKey) -> Profile:
    loaded = reading.load("default")
    signing.keep(Stack(folder, loaded, {}), key)
    return replace(loaded, signing=Signing(Paths(folder).secret_file(signing.KEY)))


@pytest.fixture(scope="module")
def kafka(folder: Path, profile: Profile, key: Ed25519PrivateKey) -> Iterator[Kafka]:
    """A broker with the topics, the first activation, and the events."""
    (folder / "kafka").mkdir()
    with kafka_cluster.running(kafka_cluster.Cluster(folder / "kafka", Authority(folder))) as cluster:
        admin.create(cluster.inner, wanted.specs(profile))
        content = application(profile, "", 0, {}).ruleset
        signer = signing.with_key(profile, key)
        RulesTopic(cluster.inner, profile.topics.rules, folder / "home", None, signer).begin(content)
        send(cluster.inner, profile)
        yield cluster.inner


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[SessionCluster]:
    """Flink as the service has it: nothing may be set but what it allows."""
    (folder / "flink").mkdir()
    places = bare_python.packages(folder / "packages")
    python = bare_python.interpreter(folder / "python", places)
    guard = {
        "execution.program-config.enabled": False,
        "execution.program-config.wildcards": ";".join(sorted(allowed_settings())),
    }
    service = {"state.backend.type": "rocksdb", "execution.checkpointing.interval": "10 s"}
    with flink_cluster.running(
        SessionCluster(folder / "flink", python, places, {**service, **guard})
    ) as found:
        yield found


def send(kafka: Kafka, profile: Profile) -> None:
    """Payments of the last seconds: some users from one address, some late, a copy now and then."""
    rng, sender, now = random.Random(5), Sender(kafka), clock.now_ms()
    for number in range(EVENTS):
        original = number if rng.random() > 0.02 else max(0, number - rng.randrange(1, 40))
        user = original * 7 % USERS
        event = {
            "event_id": f"e{original}",
            "user_id": f"u{user}",
            "event_time": now - 10_000 + original * 10 - rng.choice((0, 0, 0, 60, 900)),
            "amount": rng.randrange(100, 300_000) / 100,
            "currency": "EUR",
            "ip": f"10.0.0.{rng.randrange(ADDRESSES)}",
            "device_id": f"d{user * 2 + (rng.random() < 0.1)}",
            "country": rng.choice(("DE", "FR", "IR")),
        }
        sender.send(profile.topics.transactions, json.dumps(event).encode(), f"u{user}".encode())
    assert (sender.flush(), sender.failed) == (0, 0)


def by_reference(kafka: Kafka, profile: Profile) -> dict[Place, bytes]:
    """The decisions by their transaction's place: the bytes that every engine makes of the log."""
    config = application(profile, "", 0, {})
    rules = ruleset.parse(config.ruleset)
    found = tail.records(kafka, profile.topics.transactions)
    log = [order.Record(r.partition, r.offset, r.append_ms, r.value, r.headers) for r in found]
    stamping = order.stamp(
        log, config.settings.out_of_orderness_ms, "append", config.settings.max_event_bytes
    )
    return {
        (one.stamped.partition, one.stamped.offset): encode_decision(
            scorer.decide(one, rules, profile.topics.transactions)
        )
        for one in reference.Reference(rules.plan(config.settings)).process(stamping)
        if not one.duplicate
    }


def unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def run(cluster: SessionCluster, where: Path, properties: Mapping[str, str]) -> Job:
    """Start what lies there by the template's run options; the job, when it has ended."""
    groups = [{"PropertyGroupId": msf.GROUP, "PropertyMap": dict(properties)}]
    said = where.parent / "application_properties.json"
    said.write_text(json.dumps(groups))
    options = [word for name, flag in OPTIONS.items() for word in (flag, package.RUN_OPTIONS[name])]
    before = {job.job_id for job in cluster.flink.jobs()}
    cluster.run(where, options, {msf.PROPERTIES_VARIABLE: str(said)})
    [job_id] = {job.job_id for job in cluster.flink.jobs()} - before
    await_that(lambda: cluster.flink.job(job_id).job.ended, "the job has ended", END_S)
    return cluster.flink.job(job_id).job


def test_that_python_has_nothing_of_ours_nor_what_only_we_need(cluster: SessionCluster) -> None:
    for name, code in (("pyflink", 0), ("pipeline", 1), ("fraudctl", 1), ("pydantic", 1)):
        asked = subprocess.run(
            [cluster.python, "-c", f"import {name}"], cwd="/", capture_output=True, check=False
        )
        assert asked.returncode == code, asked.stderr.decode()


def test_a_setting_that_the_service_refuses_is_refused_here(
    folder: Path, profile: Profile, cluster: SessionCluster
) -> None:
    made = package.build(application(profile, "nowhere:1", 0, {}), folder / "wrong.zip", python=PYTHON)
    where = unpacked(made.path, folder / "wrong" / "code")
    module = where / "python/pipeline/scoring/job_settings.py"
    text = module.read_text()
    assert text.count(OWN) == 1
    module.write_text(text.replace(OWN, f'{OWN}\n        "execution.buffer-timeout.interval": "2 ms",'))
    with pytest.raises(
        AssertionError, match=r"Configuration execution\.buffer-timeout\.interval:2 ms not allowed"
    ):
        run(cluster, where, {})


def test_the_unpacked_zip_decides_byte_for_byte_what_every_engine_decides(
    folder: Path, profile: Profile, kafka: Kafka, cluster: SessionCluster
) -> None:
    config = application(profile, "nowhere:1", 0, {})
    made = package.build(config, folder / "job.zip", python=PYTHON)
    assert package.build(config, folder / "again.zip", python=PYTHON).sha256 == made.sha256
    assert package.job_of(made.path) == config
    partitions = admin.partitions_of(kafka, profile.topics.decisions)
    ending = replace(config, bounded=True, end_marks=partitions)
    # As a replay has it: the zip of the live job with another job in it.
    second = package.with_job(made.path, ending, folder / "second.zip")
    marks = EndMarks(kafka, profile.topics.decisions)
    assert not marks.are_there()
    job = run(cluster, unpacked(second.path, folder / "code"), {"bootstrap": kafka.bootstrap, "run": "3"})
    assert job.state == "FINISHED", (cluster.flink.exceptions(job.job_id), cluster.log()[-6_000:])
    assert marks.are_there()
    said = list(tail.records(kafka, profile.topics.decisions))
    assert sum(one.value is None for one in said) == marks.records - len(by_reference(kafka, profile)) > 0
    assert [one.headers for one in said if one.value is None] == [{HEADER: b"0/1"}] * partitions
    decided = [one for one in said if one.value is not None]
    places = [(one.partition, json.loads(one.value or b"")["source"]["offset"]) for one in decided]
    assert dict(zip(places, (one.value for one in decided), strict=True)) == by_reference(kafka, profile)
    assert len(decided) == len(set(places)) > EVENTS // 2
