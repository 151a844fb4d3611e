"""What one stack has left in a bucket, others go on from: another home, then containers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fraudctl.bench.load import Workload
from fraudctl.engines import current
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs import states
from tests.certificates import Authority
from tests.compose.conftest import data_of, docker
from tests.kafka_cluster import Cluster, running
from tests.stack import flow
from tests.stack.flow import all_tasks_run, await_checkpoint, await_decisions, send_all, workload
from tests.versity import Gateway, gateway
from tests.waiting import LONG_S, kill_family

PART = 1_500
PROFILE = """\
sinks: {{}}
pipeline: {{checkpoint_interval_ms: 2000}}
servers: {{kafka: {{external: {{bootstrap: "{kafka}"}}}}}}
signing: {{key: signing.key}}
checkpoints:
  url: s3://risk-states/live
  endpoint: "{s3}"
  path_style: true
  credentials_file: bucket.keys
"""


@dataclass
class Place:
    """Where homes are, beside the profile that they share."""

    folder: Path
    s3: Gateway

    @property
    def profile(self) -> str:
        return str(self.folder / "buckets.yaml")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Kafka and a bucket at an address that is the same for this machine and for containers on it."""
    folder, host = tmp_path_factory.mktemp("buckets"), address_of_this_machine()
    (folder / "bucket.keys").write_text("risk:k3y/of+another+bucket")
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(folder / "signing.key")], check=True
    )
    brokers = Cluster(folder / "kafka", Authority(folder / "authority"), {}, host=host)
    with gateway(folder, "risk-states", folder / "bucket.keys", host) as s3, running(brokers) as kafka:
        made = Place(folder, s3)
        Path(made.profile).write_text(PROFILE.format(kafka=kafka.inner.bootstrap, s3=s3.url))
        yield made


def address_of_this_machine() -> str:
    """On the network that Docker gives to containers."""
    return docker("network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}").strip()


@contextmanager
def started(place: Place, name: str, engine: str) -> Iterator[Stack]:
    """A stack in a home of that name, purged at the end."""
    home = place.folder / name
    try:
        data_of(home, "up", "--engine", engine, "--any-port", "--profile", place.profile, "--wait", "300")
        yield current(home)
    finally:
        data_of(home, "purge", "--yes")


def decided(stack: Stack, load: Workload, first: int, count: int) -> None:
    """Sends events first to count - 1, and awaits that all are decided and the last lie in a checkpoint."""
    send_all(stack, load, first, count)
    await_decisions(stack, load, count)
    await_checkpoint(stack)


def goes_on_from(stack: Stack) -> str:
    """What its job was restored from, once all of it runs."""
    flow.await_that(lambda: all_tasks_run(stack), LONG_S, lambda: f"the job does not run: {said(stack)}")
    return str((state := jobs.keeper_state(stack)) and state.restored_from)


def said(stack: Stack) -> str:
    return str((state := jobs.keeper_state(stack)) and state.last_error)


def test_a_checkpoint_of_a_machine_that_is_gone_is_gone_on_from_by_another_home_and_then_by_containers(
    place: Place,
) -> None:
    load = workload()
    with started(place, "first", "local") as first:
        decided(first, load, 0, PART)
        newest = states.restore_points(first)[0]
        # as when the machine is gone: no savepoint is taken
        kill_family(Supervisor(first.paths).pid or 0)
        with started(place, "second", "local") as second:
            assert goes_on_from(second).startswith("s3://risk-states/live/checkpoints/run-1/")
            assert not newest.is_savepoint
            decided(second, load, PART, 2 * PART)
            kill_family(Supervisor(second.paths).pid or 0)
            with started(place, "third", "compose") as third:
                assert goes_on_from(third).startswith("s3://risk-states/live/checkpoints/run-1/")
                decided(third, load, 2 * PART, 3 * PART)
                each_as_if_nothing_had_been(third, load, 3 * PART)


def each_as_if_nothing_had_been(stack: Stack, load: Workload, count: int) -> None:
    """Nothing is lost, all in one run, and a replay of the whole log decides the same, byte for byte."""
    found = await_decisions(stack, load, count)
    assert sorted(found) == list(range(count))
    assert {len({one.value for one in logged}) for logged in found.values()} == {1}
    assert {one.run for logged in found.values() for one in logged} == {1}
    again = data_of(stack.home, "replay", "--rules", "default", "--diff", "live")
    assert (again["changed"], again["added"], again["removed"]) == (0, 0, 0)
    assert again["compared"] >= count
