"""A whole stack on a Kafka that is not its own: three brokers, SCRAM over TLS; one dies, then another."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.kafka.broker import metadata
from fraudctl.kafka.sender import Sender
from tests.certificates import Authority
from tests.kafka_cluster import Cluster, running
from tests.stack.cli import data_of
from tests.stack.flow import await_sinks, workload
from tests.waiting import await_that

PASSWORD = 'st"ack-s3cret\\'
EVENTS = 6_000
PROFILE = """\
partitions: 3
pipeline: {{checkpoint_interval_ms: 2000}}
sinks: {{redis: {{}}}}
servers:
  kafka:
    external:
      bootstrap: "{bootstrap}"
      security: scram
      username: risk
      password_file: password
      ca_file: ca.pem
      replication: 3
      min_insync: 2
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("kafka")
    with running(Cluster(folder, Authority(folder)), 3) as made:
        made.user("risk", PASSWORD)
        yield made


@pytest.fixture(scope="module")
def stack(cluster: Cluster) -> Iterator[Stack]:
    (cluster.folder / "password").write_text(PASSWORD + "\n")
    profile = cluster.folder / "secured.yaml"
    profile.write_text(PROFILE.format(bootstrap=cluster.at("SASL")))
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-stack-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        try:
            fraudctl(home, "up", "--any-port", "--profile", str(profile), "--wait", "300")
            yield current(home)
        finally:
            fraudctl(home, "purge", "--yes")


def fraudctl(home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)]
    done = subprocess.run(command, text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout


def holds_the_secret(stack: Stack) -> list[str]:
    """What shows the password: the stack's files, command lines and environments."""
    needles = (PASSWORD.encode(), b"s3cret")
    files = [path for path in stack.home.rglob("*") if path.is_file() and path.stat().st_size < 50_000_000]
    shown = [path for path in files if any(needle in path.read_bytes() for needle in needles)]
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            if str(stack.home).encode() in content and any(needle in content for needle in needles):
                shown.append(process / name)
    return [str(path) for path in shown]


def test_a_stack_lives_on_a_secured_cluster_and_shows_its_password_nowhere(stack: Stack) -> None:
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "5s", "--seed", "3")
    await_sinks(stack)
    found = data_of(stack, "verify", "sinks")
    assert found["sinks"]["redis"]["equal"] > 0
    assert holds_the_secret(stack) == []
    transactions = stack.profile.topics.transactions
    assert admin.describe(stack.kafka, [transactions])[transactions].config["min.insync.replicas"] == "2"
    assert admin.differing(stack.kafka, []) == []


def test_one_broker_dies_then_another_and_nothing_is_lost_or_decided_twice(
    stack: Stack, cluster: Cluster
) -> None:
    names, load = stack.profile.topics, workload()
    before = admin.end_offsets(stack.kafka, names.decisions)
    sender = Sender(stack.kafka)
    for number, (key, value) in enumerate(load.events(EVENTS)):
        if number == EVENTS // 3:
            cluster.kill(1)
        if number == 2 * EVENTS // 3:
            assert sender.flush(120) == 0
            cluster.start(1)
            await_that(lambda: in_sync(stack) == {3}, "the first broker has caught up")
            cluster.kill(2)
        sender.send(names.transactions, value, key)
    assert (sender.flush(120), sender.failed) == (0, 0)
    await_that(lambda: decided(stack, before) >= EVENTS, "a decision for each event")
    found = Counter(
        one.value
        for one in tail.records(stack.kafka, names.decisions, before)
        if load.token.encode() in one.value
    )
    assert len(found) == EVENTS
    await_sinks(stack)
    data_of(stack, "verify", "sinks")


def in_sync(stack: Stack) -> set[int]:
    """How many copies of our partitions are up to date."""

    topic = metadata(stack.kafka, 10).topics[stack.profile.topics.decisions]
    return {len(one.isrs) for one in topic.partitions.values()}


def decided(stack: Stack, before: dict[int, int]) -> int:
    ends = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    return sum(ends[partition] - before[partition] for partition in ends)
