"""A whole stack on servers that are not its own, which allow what `grants` prints and nothing else.

Kafka with SCRAM over TLS and a certificate of ours, PostgreSQL and Valkey with TLS and passwords by file. A
broker dies, then another; then every certificate and password is changed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from fraudctl.bench.load import Workload
from fraudctl.engines import current
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.kafka import rights as kafka_rights
from fraudctl.kafka.broker import metadata
from fraudctl.kafka.sender import Sender
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from pipeline.sinks import rights
from tests.certificates import Authority
from tests.contract import secured
from tests.kafka_cluster import Cluster, running
from tests.stack.cli import data_of
from tests.stack.flow import await_decisions, await_sinks, workload
from tests.waiting import await_that

PASSWORD = 'st"ack-s3cret\\'
NEXT_PASSWORD = "another-s3cret"
EVENTS = 6_000
PROFILE = """\
partitions: 3
pipeline: {{checkpoint_interval_ms: 2000}}
sinks:
  postgres: {{sslmode: verify-full, ca_file: ca.pem, password_file: postgres.password}}
  redis: {{ca_file: ca.pem, password_file: redis.password}}
servers:
  postgres: {{external: {{address: "{postgres}"}}}}
  redis: {{external: {{address: "{redis}"}}}}
  kafka:
    external:
      bootstrap: "{kafka}"
      security: scram
      username: risk
      password_file: kafka.password
      ca_file: ca.pem
      cert_file: risk.pem
      key_file: risk.key.pem
      replication: 3
      min_insync: 2
"""
CLOSED = {"allow.everyone.if.no.acl.found": "false", "listener.name.sasl.ssl.client.auth": "required"}


@dataclass
class Elsewhere:
    """Servers of others: each lets in whom it knows, to do what `grants` prints and nothing else.

    Our files lie in the folder, beside the profile.
    """

    folder: Path
    authority: Authority
    kafka: Cluster
    postgres: secured.Postgres
    redis: secured.Redis

    @property
    def profile(self) -> Path:
        return self.folder / "elsewhere.yaml"

    def take(self, authority: Authority, kafka: str, store: str) -> None:
        """Our files from now on: whom we trust, by what we are known."""
        ours = authority.issue("risk")
        self._put("ca.pem", authority.cert.read_text())
        self._put("risk.pem", ours.cert.read_text())
        self._put("kafka.password", kafka)
        self._put("risk.key.pem", ours.key.read_text())
        for name in ("postgres", "redis"):
            self._put(f"{name}.password", store)

    def renew(self, authority: Authority, kafka: str, store: str) -> None:
        """All servers show other certificates, want others, know other passwords, and end what is open."""
        self.kafka.user("risk", kafka)
        for broker in self.kafka.brokers:
            self.kafka.kill(broker.number)
        self.kafka.renew(authority)
        for end in (self.postgres.end, self.redis.end):
            end.pair = authority.issue("server")
        self.postgres.set_password(store)
        with self.redis.admin() as admin:
            admin.execute_command("ACL", "SETUSER", secured.USER, "resetpass", f">{store}")
        self.redis.end.drop()
        self.kafka.start()

    def grant(self) -> None:
        """What `grants` prints for the profile, and nothing beside it."""
        profile = reading.load(self.profile)
        self.kafka.allow("risk", kafka_rights.needed(profile))
        self.postgres.ask("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        self.postgres.ask("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        self.postgres.ask(self._rights(profile, "postgres"))
        with self.redis.admin() as admin:
            admin.execute_command("ACL", "DELUSER", secured.USER)
            admin.execute_command(*self._rights(profile, "redis").split(), ">first")

    def _rights(self, profile: Profile, sink: str) -> str:
        return rights.needed(sink, getattr(self, sink).address(), profile.sinks[sink], "").text

    def _put(self, name: str, text: str) -> None:
        file = self.folder / f"{name}.next"
        file.write_text(text)
        file.replace(self.folder / name)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    authority = Authority(folder / "authority")
    pair = authority.issue("server")
    brokers = Cluster(folder / "kafka", authority, CLOSED)
    with running(brokers, 3) as kafka, secured.postgres(pair) as postgres, secured.valkey(pair) as valkey:
        kafka.user("risk", PASSWORD)
        made = Elsewhere(folder, authority, kafka, postgres, valkey)
        made.take(authority, PASSWORD, "first")
        places = {"kafka": kafka.at("SASL"), "postgres": postgres.address(), "redis": valkey.address()}
        made.profile.write_text(PROFILE.format(**places))
        made.grant()
        yield made


@pytest.fixture(scope="module")
def stack(elsewhere: Elsewhere) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-stack-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        try:
            fraudctl(home, "up", "--any-port", "--profile", str(elsewhere.profile), "--wait", "300")
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


def test_a_stack_lives_on_what_grants_prints_and_shows_its_passwords_nowhere(stack: Stack) -> None:
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "5s", "--seed", "3")
    await_sinks(stack)
    found = data_of(stack, "verify", "sinks")
    assert {name: one["equal"] > 0 for name, one in found["sinks"].items()} == {
        "postgres": True,
        "redis": True,
    }
    assert holds_the_secret(stack) == []
    transactions = stack.profile.topics.transactions
    assert admin.describe(stack.kafka, [transactions])[transactions].config["min.insync.replicas"] == "2"
    assert admin.differing(stack.kafka, []) == []


def test_one_broker_dies_then_another_and_nothing_is_lost_or_decided_twice(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    cluster = elsewhere.kafka
    names, load = stack.profile.topics, workload()
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
    each_is_decided_once(stack, load)


def test_every_password_and_certificate_is_changed_and_nothing_is_lost_or_decided_twice(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    names, load = stack.profile.topics, workload()
    events = iter(load.events(EVENTS))
    # by a way in that nothing is changed about: events go on to arrive
    sender = Sender(elsewhere.kafka.inner)

    def send(count: int) -> None:
        for key, value in islice(events, count):
            sender.send(names.transactions, value, key)
        assert (sender.flush(120), sender.failed) == (0, 0)

    send(EVENTS // 3)
    await_decisions(stack, load, EVENTS // 3)
    authority = Authority(elsewhere.folder / "next", "next CA")
    elsewhere.renew(authority, NEXT_PASSWORD, "second")
    send(EVENTS // 3)
    await_that(lambda: "Kafka at" in said_of_the_job(stack), "the job says why it does not run")
    elsewhere.take(authority, NEXT_PASSWORD, "second")
    send(EVENTS - 2 * (EVENTS // 3))
    each_is_decided_once(stack, load)
    data_of(stack, "sinks", "status")
    await_that(lambda: said_of_the_job(stack) == "", "the job has nothing to say any more")
    assert holds_the_secret(stack) == []


def said_of_the_job(stack: Stack) -> str:
    return ((state := jobs.keeper_state(stack)) and state.last_error) or ""


def each_is_decided_once(stack: Stack, load: Workload) -> None:
    """In one way, if more than once, and every store has all of it."""
    found = await_decisions(stack, load, EVENTS)
    assert {len({one.value for one in logged}) for logged in found.values()} == {1}
    await_sinks(stack)
    data_of(stack, "verify", "sinks")


def in_sync(stack: Stack) -> set[int]:
    """How many copies of our partitions are up to date."""

    topic = metadata(stack.kafka, 10).topics[stack.profile.topics.decisions]
    return {len(one.isrs) for one in topic.partitions.values()}
