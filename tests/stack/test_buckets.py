"""A stack whose checkpoints live in a bucket: killed under traffic, nothing is lost, and no key is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fraudctl.bench.load import Workload
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs import states
from tests import homes
from tests.certificates import Authority
from tests.contract.conftest import Server, moto_server
from tests.contract.test_states import s3_client
from tests.disclosure import contents
from tests.kafka_cluster import Cluster, running
from tests.stack import flow
from tests.stack.cli import fraudctl
from tests.stack.flow import all_tasks_run, await_checkpoint, await_decisions, kill, send_all, workload
from tests.waiting import LONG_S

SECRET = "s3cr3t+of/the+bucket"
PART = 1_500
PROFILE = """\
sinks: {{}}
pipeline: {{checkpoint_interval_ms: 2000}}
servers: {{kafka: {{external: {{bootstrap: "{kafka}"}}}}}}
checkpoints:
  url: {root}
  endpoint: "{endpoint}"
"""
WITH_KEYS = """\
  path_style: true
  credentials_file: bucket.keys
"""


@dataclass
class Place:
    """Where the home is, and the servers elsewhere: Kafka and a bucket."""

    folder: Path
    root: str

    @property
    def profile(self) -> str:
        return str(self.folder / "buckets.yaml")


@pytest.fixture(scope="module")
def s3() -> Iterator[Server]:
    with moto_server() as server:
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, s3: Server) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("buckets")
    s3_client(s3).create_bucket(Bucket="risk-states")
    (folder / "bucket.keys").write_text(f"risk:{SECRET}")
    with beside_kafka(Place(folder, "s3://risk-states/live"), s3.address, WITH_KEYS) as made:
        yield made


@contextmanager
def beside_kafka(place: Place, endpoint: str, more: str = "") -> Iterator[Place]:
    """With a broker, and a profile that names both."""
    with running(Cluster(place.folder / "kafka", Authority(place.folder / "authority"), {})) as kafka:
        text = PROFILE.format(kafka=kafka.inner.bootstrap, root=place.root, endpoint=endpoint)
        Path(place.profile).write_text(text + more)
        yield place


def started(place: Place, name: str) -> AbstractContextManager[Stack]:
    """A stack in a home of that name, purged at the end."""
    return homes.started(place.folder / name, "--profile", place.profile, "--wait", "300")


def each_is_decided_the_same(stack: Stack, load: Workload, count: int) -> None:
    """Nothing is lost, and what was decided again is the same, byte for byte."""
    found = await_decisions(stack, load, count)
    assert sorted(found) == list(range(count))
    assert [number for number, all_of in found.items() if len({one.value for one in all_of}) != 1] == []
    assert {one.run for all_of in found.values() for one in all_of} == {1}


def restored(stack: Stack) -> str:
    """What the last start of the job was from."""
    state = jobs.keeper_state(stack)
    return str(state and state.restored_from)


def shows_the_secret(stack: Stack) -> list[str]:
    """What has the keys beside Flink's own configuration, or has them where others may read."""
    own = stack.paths.flink_conf / "config.yaml"
    shown = [str(path) for path, held in contents(stack.home) if SECRET.encode() in held and path != own]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            content = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        shown += [str(process)] if SECRET.encode() in content else []
    return shown + ([str(own)] if own.stat().st_mode & 0o077 else [])


def test_a_stack_is_killed_under_traffic_and_goes_on_from_the_bucket(place: Place) -> None:
    killed_under_traffic(place)


def killed_under_traffic(place: Place) -> Workload:
    """Its TaskManager and its JobManager: all goes on from the bucket, and the end is a savepoint there.

    What was sent: four parts.
    """
    load = workload()
    with started(place, "first") as first:
        send_all(first, load, 0, PART)
        await_decisions(first, load, PART)
        await_checkpoint(first)
        send_all(first, load, PART, 2 * PART)
        kill(first, "flink-taskmanager")
        send_all(first, load, 2 * PART, 3 * PART)
        flow.await_that(lambda: all_tasks_run(first), LONG_S, lambda: "not all tasks run again")
        kill(first, "flink-jobmanager")
        send_all(first, load, 3 * PART, 4 * PART)
        # what a lost JobManager has left goes on for a while: the first job decides these, and the next again
        checkpoints = f"{place.root}/checkpoints/run-1/"
        flow.await_that(
            lambda: restored(first).startswith(checkpoints), LONG_S, lambda: "the job is not restored"
        )
        flow.await_that(lambda: all_tasks_run(first), LONG_S, lambda: "not all tasks of the next job run")
        each_is_decided_the_same(first, load, 4 * PART)
        assert list(first.home.glob("checkpoints/*")) == []
        assert shows_the_secret(first) == []
        fraudctl(first.home, "down")
        newest = states.restore_points(first)[0]
        assert newest.is_savepoint
    return load
