"""Flink's high availability by ConfigMaps, for real: the JobManager that leads is killed under traffic.

Kafka, the API server, both JobManagers, the TaskManager and the job are real; the settings, the program and
the rights are those of the rendered chart. Only nobody starts them in pods.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl import engines
from fraudctl.engines.contract import Wish
from fraudctl.engines.kubernetes import flink_pod, inside, mounted
from fraudctl.errors import FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import LIVE
from fraudctl.servers import names as server_names
from fraudctl.settings import reading
from pipeline.connections.flink import FlinkRest
from tests.api_server import NAMESPACE, ApiServer
from tests.chart import example, one, render
from tests.kubernetes.flink_processes import Processes
from tests.stack.flow import await_decisions, newest, send_all, workload
from tests.waiting import LONG_S, await_that

log = logging.getLogger(__name__)
NAME = "leaders"
KEY = Ed25519PrivateKey.generate()
PKCS8 = PrivateFormat.PKCS8
TAKEOVER_S = 10.0
EVENTS = 3_000
ONLY_KAFKA = tuple(name for name in server_names() if name != "kafka")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker with our topics and the ticker."""
    home = tmp_path_factory.mktemp("kafka") / "home"
    engine = engines.find("local")
    try:
        yield engine.up(Wish(home, reading.load("default"), ONLY_KAFKA, any_port=True, wait_s=120.0))
    finally:
        engine.purge(home)


@pytest.fixture(scope="module")
def rendered(kafka: Stack) -> list[dict[str, Any]]:
    """The chart for that broker and no store, small, with a checkpoint a second."""
    ours = kafka.kafka
    external = {
        "bootstrap": ours.bootstrap,
        "security": ours.security,
        "tls": ours.tls,
        "mechanism": ours.mechanism,
        "username": ours.username,
        "password_file": "secrets/kafka/password",
    }
    values = example(
        "kind",
        flink={"taskManager": {"slots": 2}, "configuration": {"execution.checkpointing.interval": "1 s"}},
    )
    values["profile"] = {"servers": {"kafka": {"external": external}}, "sinks": {}}
    values["secrets"]["kafka"] = {"secretName": "fraudctl-kafka"}
    public = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    values["trusted"] = f"tester {public}\n"
    return render(values, name=NAME)


@pytest.fixture(scope="module")
def flinks(
    server: ApiServer, kafka: Stack, rendered: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """Two JobManagers, of which one leads, and a TaskManager; with the rights of the chart's account."""
    folder = tmp_path_factory.mktemp("flink")
    rights = [it for it in rendered if it["kind"] in ("ServiceAccount", "Role", "RoleBinding")]
    server.kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", "-", text=yaml.safe_dump_all(rights))
    spec = one(rendered, "FlinkDeployment", NAME)["spec"]
    account = server.config_of_account(f"{NAME}-flink")
    found = Processes(folder, spec, NAME, account, _described(folder, rendered, kafka))
    try:
        found.start_jobmanager("first")
        _await(lambda: _leads(server, found) == "first", found, "first")
        found.start_jobmanager("second")
        found.start_taskmanager("worker")
        _await(lambda: _runs(found, "first"), found, "first")
        yield found
    finally:
        found.stop()


def test_the_standby_takes_over_within_ten_seconds_and_nothing_is_lost_or_decided_otherwise(
    server: ApiServer, kafka: Stack, flinks: Processes
) -> None:
    load = workload()
    send_all(kafka, load, 0, EVENTS)
    await_decisions(kafka, load, EVENTS)
    send_all(kafka, load, EVENTS, 2 * EVENTS)
    killed = time.monotonic()
    flinks.kill("first")
    send_all(kafka, load, 2 * EVENTS, 3 * EVENTS)
    _await(lambda: _leads(server, flinks) == "second", flinks, "second")
    taken_s = time.monotonic() - killed
    _await(lambda: _runs(flinks, "second"), flinks, "second")
    runs_s = time.monotonic() - killed
    log.info("another JobManager leads after %.1f s, the job runs after %.1f s", taken_s, runs_s)
    found = await_decisions(kafka, load, 3 * EVENTS)
    assert len(newest(found)) == 3 * EVENTS
    assert {number for number, all_of in found.items() if len({one.value for one in all_of}) > 1} == set()
    assert {one.run for all_of in found.values() for one in all_of} == {1}
    assert "to checkpoint" in flinks.log("second")
    assert taken_s <= TAKEOVER_S


def _described(folder: Path, rendered: list[dict[str, Any]], kafka: Stack) -> Path:
    """What the setup makes, and what the chart's profile makes of the job, in a JobManager's pod."""
    mount = folder / "etc"
    private = KEY.private_bytes(Encoding.PEM, PKCS8, NoEncryption()).decode()
    for name, file, text in (("signing", "key", private), ("kafka", "password", kafka.secret("kafka") or "")):
        (mount / "secrets" / name).mkdir(parents=True)
        (mount / "secrets" / name / file).write_text(text)
    for name, text in one(rendered, "ConfigMap", f"{NAME}-profile")["data"].items():
        (mount / name).write_text(text)
    inside.setup(mounted.stack_of(folder / "setup", mounted.SETUP, mount))
    stack = mounted.stack_of(folder / "home", mounted.FLINK, mount)
    return flink_pod.write_job(stack, mounted.job_of(mount))


def _leads(server: ApiServer, flinks: Processes) -> str | None:
    """Which JobManager leads now, as the ConfigMap says."""
    maps = {it["metadata"]["name"]: it for it in server.get("configmaps")}
    told = (
        maps.get(f"{NAME}-cluster-config-map", {})
        .get("data", {})
        .get("org.apache.flink.k8s.leader.restserver")
    )
    ports = {f":{port}": name for name, port in flinks.ports.items()}
    return next((name for port, name in ports.items() if told and port in told), None)


def _runs(flinks: Processes, name: str) -> bool:
    flinks.replace_dead("worker")
    try:
        flink = Flink(FlinkRest(address=f"127.0.0.1:{flinks.ports[name]}"), timeout_s=5)
        jobs = flink.live(LIVE)
        return len(jobs) == 1 and flink.job(jobs[0].job_id).running
    except FraudctlError:
        return False


def _await(met: Callable[[], bool], flinks: Processes, name: str) -> None:
    """With the last words of that process where it does not come true."""
    try:
        await_that(met, f"{name} leads, and the job runs", LONG_S)
    except AssertionError as late:
        raise AssertionError(f"{late}\n{flinks.log(name)[-6000:]}") from None
