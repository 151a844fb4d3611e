"""A whole stack on a Flink that is not its own, which lets in by certificate whom it knows."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.engines.contract import WELL
from fraudctl.flink import security
from fraudctl.flink.security import Pem, Stores
from fraudctl.home.stack import Stack
from pipeline.connections.flink import FlinkRest
from tests import flink_cluster
from tests.certificates import Authority
from tests.flink_cluster import SessionCluster
from tests.homes import reachable_folder, started
from tests.stack.cli import data_of
from tests.stack.flow import await_sinks

EVENTS = 2_000
PASSWORD = "of-the-stores"
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "3")
ROOT = Path(__file__).parents[2]
PROFILE = """\
pipeline: {{checkpoint_interval_ms: 2000}}
servers:
  flink:
    external: {{address: "https://{address}", ca_file: {ca}, cert_file: {cert}, key_file: {key}}}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def cluster(authority: Authority) -> Iterator[SessionCluster]:
    """Its processes have our packages; it speaks to whom the authority knows."""
    ours, theirs = authority.issue("risk"), authority.issue("flink")
    places = os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]])
    with reachable_folder("flink") as folder:
        trust, own = folder / "trust.p12", folder / "own.p12"
        trust.write_bytes(security.trust_store(authority.cert, PASSWORD))
        pem = Pem(theirs.key.read_bytes(), theirs.cert.read_bytes())
        own.write_bytes(security.key_store(pem, None, PASSWORD))
        settings = {
            **security.rest(Stores(trust, own, PASSWORD)),
            **security.OUR_TLS,
            "state.backend.type": "rocksdb",
            "taskmanager.memory.process.size": "2400m",
        }
        rest = FlinkRest(ca_file=authority.cert, cert_file=ours.cert, key_file=ours.key)
        made = SessionCluster(
            folder, Path(sys.executable), Path(places), settings, rest=rest, in_lib="flink-python-*.jar"
        )
        with flink_cluster.running(made):
            yield made


@pytest.fixture(scope="module")
def profile(cluster: SessionCluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, rest = tmp_path_factory.mktemp("profile") / "elsewhere.yaml", cluster.rest
    text = PROFILE.format(address=cluster.address, ca=rest.ca_file, cert=rest.cert_file, key=rest.key_file)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def stack(profile: Path) -> Iterator[Stack]:
    with reachable_folder("stack") as folder, started(folder / "home", "--profile", str(profile)) as made:
        yield made


def test_what_is_simulated_is_decided_stored_verified_and_decided_again_the_same(stack: Stack) -> None:
    sent = data_of(stack, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    await_sinks(stack)
    found = data_of(stack, "verify", "sinks")["sinks"]
    assert {name: one["held"] for name, one in found.items()} == {"postgres": EVENTS, "redis": sent["alerts"]}
    again = data_of(stack, "replay", "--rules", "default", "--diff", "live")
    assert (again["compared"], again["changed"], again["added"], again["removed"]) == (EVENTS, 0, 0, 0)


def test_doctor_finds_it_well(stack: Stack, profile: Path) -> None:
    found = data_of(stack, "doctor", "--profile", str(profile))["checks"]
    tried = [one for one in found if one["name"].partition(":")[0] == "flink"]
    assert tried
    assert [one for one in tried if one["state"] != WELL] == []


def test_a_job_is_stopped_with_a_savepoint_and_goes_on_from_it(stack: Stack) -> None:
    assert data_of(stack, "job", "stop")["savepoint"]
    data_of(stack, "job", "submit")
    sent = data_of(stack, *SIMULATE[:-1], "4")
    assert (sent["decided"], sent["lost"]) == (EVENTS, 0)
