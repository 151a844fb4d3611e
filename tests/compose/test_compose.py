"""A stack in containers does what one of processes does. The tests follow each other, the last deletes it."""

from __future__ import annotations

import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

import pytest

from fraudctl import engines
from fraudctl.engines.compose.inside import METRICS_PORT
from fraudctl.engines.compose.project import Project, project_name
from fraudctl.errors import Failed, FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.servers import names
from pipeline.connections.aws import Access
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.proxies import open_url
from pipeline.metrics import catalogue
from pipeline.sinks.dynamodb import client as dynamo
from tests.compose.conftest import FILES, data_of, docker, fraudctl, up
from tests.prometheus import Prometheus
from tests.stack.flow import await_sinks, await_that
from tests.waiting import LONG_S

EVENTS = 5_000
WATCHED = (
    "exporter",
    "flink-jobmanager",
    "flink-taskmanager",
    "keeper",
    "sink-dynamodb",
    "sink-postgres",
    "sink-redis",
    "ticker",
)
TASKMANAGERS = {"flink-taskmanager", "flink-taskmanager-2", "flink-taskmanager-3"}
UNDER_WAY = ("simulate", "--attack", "ip-burst", "--rate", "100", "--duration", "50s", "--seed", "8")
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "500", "--duration", "10s", "--seed", "7")


def test_five_thousand_events_are_decided_and_every_store_holds_what_the_log_holds(stack: Stack) -> None:
    sent = data_of(stack.home, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    assert verified(stack) == {"postgres": EVENTS, "redis": sent["alerts"], "dynamodb": sent["alerts"]}
    assert data_of(stack.home, "status")["healthy"]


@pytest.mark.parametrize("fault", ["kill-taskmanager", "kill-postgres", "pause-kafka"])
def test_a_container_that_is_struck_under_load_costs_nothing(stack: Stack, fault: str) -> None:
    found = fraudctl(stack.home, "chaos", "run", fault, "--patience", "600s")
    assert found["exit_code"] == 0, json.dumps(found, indent=1)


def test_a_replay_of_the_log_decides_the_same(stack: Stack) -> None:
    found = data_of(stack.home, "replay", "--rules", "default", "--diff", "live")
    assert (found["changed"], found["added"], found["removed"]) == (0, 0, 0)
    assert found["compared"] > EVENTS


def test_prometheus_is_shown_every_program_and_what_the_exporter_sees(stack: Stack) -> None:
    asked = Prometheus(stack.addresses["prometheus"])
    data_of(stack.home, "verify", "sinks")
    seen = (
        "fraudctl_verification_faults",
        "fraudctl_consumer_lag_records",
        "flink_taskmanager_Status_JVM_CPU_Load",
    )
    await_that(
        lambda: all(map(asked.query, seen)),
        LONG_S,
        lambda: f"unseen: {[one for one in seen if not asked.query(one)]}",
    )
    wanted = {name: {"1"} for name in WATCHED}
    await_that(lambda: targets(asked) == wanted, LONG_S, lambda: f"{targets(asked)}")
    written = {
        one.name
        for chapter in catalogue.CHAPTERS
        for one in chapter.metrics
        if one.name.startswith("fraudctl_sink_")
    }
    assert {name for name in written if not asked.query(name) and not asked.query(f"{name}_count")} == set()


def test_taskmanagers_come_under_traffic_are_shown_watched_and_used_and_go_without_a_loss(
    stack: Stack,
) -> None:
    flink, watched = Flink(stack.flink), Prometheus(stack.addresses["prometheus"])
    slots, all_three = flink.overview().slots, 'up{job="taskmanagers"} == 1'
    with ThreadPoolExecutor(1) as pool:
        traffic = pool.submit(data_of, stack.home, *UNDER_WAY)
        scale(stack, 3)
        await_that(lambda: flink.overview().slots == 3 * slots, LONG_S, lambda: f"{flink.overview()}")
        assert shown_of_flink(stack) == ["flink-jobmanager", *sorted(TASKMANAGERS)]
        assert engines.of(stack).programs(stack).keys() >= TASKMANAGERS
        await_that(lambda: len(watched.query(all_three)) == 3, LONG_S, lambda: f"{watched.query(all_three)}")
        # more than one of them has room for
        data_of(stack.home, "job", "rescale", str(slots + 1))
        data_of(stack.home, "job", "rescale", "1")
        scale(stack, 1)
        sent = traffic.result()
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    assert shown_of_flink(stack) == ["flink-jobmanager", "flink-taskmanager"]


def test_figures_are_for_the_network_alone(stack: Stack) -> None:
    label = f"label=com.docker.compose.project={project_name(stack.home)}"
    published = docker("ps", "--filter", label, "--format", "{{.Ports}}").split()
    assert any("->9092" in one or "->9094" in one for one in published)
    assert [one for one in published if f"->{METRICS_PORT}" in one] == []


def test_nobody_comes_in_without_the_secrets_of_the_stack(stack: Stack) -> None:
    known, rest = stack.kafka, stack.addresses["flink"]
    wrong = stack.home.parent / "wrong.password"
    wrong.write_text("wrong")
    strangers = (Kafka(bootstrap=known.bootstrap), replace(known, password_file=wrong))
    for stranger in strangers:
        with pytest.raises(FraudctlError):
            admin.names(stranger)
    assert stack.profile.topics.decisions in admin.names(known)
    for url in (f"http://{rest}/overview", f"https://{rest}/overview"):
        with pytest.raises((URLError, ssl.SSLError, ConnectionError)):
            open_url(Request(url), LONG_S, whoever(url))
    assert Flink(stack.flink).overview().slots > 0
    dynamodb, own = stack.address("dynamodb"), stack.secret_path("dynamodb")
    for key in (None, "fraudctl:wrong"):
        with pytest.raises(dynamo.Unreachable, match="security token"):
            tables(dynamodb, Access(key))
    assert tables(dynamodb, Access(own))


def test_a_stack_of_another_home_runs_beside_it_and_goes_alone(stack: Stack, tmp_path: Path) -> None:
    home, small = (
        tmp_path / "home",
        [word for name in names() if name != "redis" for word in ("--without", name)],
    )
    try:
        data_of(home, "up", "--engine", "compose", "--any-port", *small)
        other = engines.current(home)
        assert set(other.addresses.values()).isdisjoint(stack.addresses.values())
        assert project_name(home) != project_name(stack.home)
    finally:
        data_of(home, "purge", "--yes")
    assert data_of(stack.home, "status")["healthy"]


def test_another_engine_is_refused_in_that_home(stack: Stack) -> None:
    with pytest.raises(Failed, match="a stack of another engine runs in"):
        engines.for_up(stack.home, "local")


def test_down_and_up_keep_what_was_decided(stack: Stack) -> None:
    before = logged(stack)
    assert data_of(stack.home, "down")["savepoint"]
    assert not engines.of(stack).is_running(stack.home)
    up(stack.home)
    again = engines.current(stack.home)
    assert (again.addresses, logged(again)) == (stack.addresses, before)
    assert sum(verified(again).values()) > EVENTS


def test_the_shipped_files_are_valid_for_everybody(tmp_path: Path) -> None:
    for arguments in ((), ("--profile", "all-sinks"), ("--profile", "*")):
        docker("compose", "-f", str(FILES / "compose.yaml"), *arguments, "config", "-q")


def test_purge_leaves_no_container_network_or_volume(stack: Stack) -> None:
    label = f"label=com.docker.compose.project={project_name(stack.home)}"
    assert docker("volume", "ls", "-q", "--filter", label)
    data_of(stack.home, "purge", "--yes")
    assert docker("ps", "-aq", "--filter", label) == ""
    assert docker("network", "ls", "-q", "--filter", label) == ""
    assert docker("volume", "ls", "-q", "--filter", label) == ""
    assert not stack.home.exists()


def tables(address: str, access: Access) -> list[str]:
    """Those that DynamoDB shows."""
    names: list[str] = dynamo.call(dynamo.client(address, access).list_tables)["TableNames"]
    return names


def whoever(url: str) -> ssl.SSLContext | None:
    """Of one who believes every server and has no certificate."""
    if url.startswith("http:"):
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def scale(stack: Stack, count: int) -> None:
    """To so many TaskManagers, asked of Compose itself."""
    file, service = str(Project(stack.paths).file), "taskmanager"
    asked = ("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{service}={count}", service)
    docker("compose", "-p", project_name(stack.home), "-f", file, *asked)


def shown_of_flink(stack: Stack) -> list[str]:
    """The programs of Flink that `status` shows."""
    servers = fraudctl(stack.home, "status")["data"]["servers"]
    [flink] = [one for one in servers if one["name"] == "flink"]
    return [one["name"] for one in flink["programs"]]


def targets(asked: Prometheus) -> dict[str, set[str]]:
    """What each program's targets are, by its name: "1" is one that answers."""
    found: dict[str, set[str]] = {}
    for one in asked.query("up"):
        found.setdefault(one["metric"]["program"], set()).add(one["value"][1])
    return found


def verified(stack: Stack) -> dict[str, int]:
    """How many decisions each store holds once its writer has caught up; all must be as in the log."""
    await_sinks(stack)
    found = data_of(stack.home, "verify", "sinks")
    return {sink: one["held"] for sink, one in found["sinks"].items()}


def logged(stack: Stack) -> list[bytes | None]:
    return [record.value for record in tail.records(stack.kafka, stack.profile.topics.decisions)]
