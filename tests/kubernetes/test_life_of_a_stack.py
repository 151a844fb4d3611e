"""A stack on Kubernetes from `up` to `purge`, by the command line, against a real API server.

The API server is real; who makes pods and who runs the job are doubles.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from fraudctl import engines
from fraudctl.engines.contract import Condition
from fraudctl.home import signing
from tests.api_server import NAMESPACE, ApiServer
from tests.chart import example, one
from tests.kubernetes.cli import RELEASE, Cli
from tests.kubernetes.doubles import KIND, at_work
from tests.operator_double import Operator
from tests.waiting import LONG_S, await_that

PROGRAMS = ["exporter", "sink-postgres", "sink-redis", "ticker", "toolbox"]


@pytest.fixture(scope="module")
def operator(server: ApiServer) -> Iterator[Operator]:
    with at_work(server, RELEASE) as found:
        yield found


@pytest.fixture(scope="module")
def cli(server: ApiServer, operator: Operator, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    found = Cli(server, tmp_path_factory.mktemp("cli"))
    answer = found("deploy", "plan", "--values", found.values(), "--namespace", NAMESPACE)
    assert answer["data"]["differs"]
    found.up()
    return found


def test_up_again_changes_nothing_and_the_plan_is_empty(cli: Cli, operator: Operator) -> None:
    submitted = len(operator.submitted)
    assert cli("deploy", "plan")["summary"] == "nothing differs from what runs"
    cli.up()
    assert len(operator.submitted) == submitted


def test_status_tells_every_program_and_the_job(cli: Cli) -> None:
    data = cli("status")["data"]
    assert (data["healthy"], data["job"]["state"], data["job"]["wanted"]) == (True, "RUNNING", "running")
    assert [one["name"] for one in data["servers"]] == ["flink", *PROGRAMS]


def test_the_job_takes_a_savepoint_stops_with_one_and_goes_on_from_it(cli: Cli, operator: Operator) -> None:
    assert cli("job", "savepoint")["data"]["savepoint"] == operator.savepoints[-1]
    stopped = cli("job", "stop")["data"]
    assert stopped["savepoint"] == operator.savepoints[-1]
    assert cli("job", "status")["data"]["wanted"] == "stopped"
    cli("job", "submit")
    assert operator.submitted[-1]["from"] == stopped["savepoint"]


def test_the_job_is_rescaled_and_the_values_set_it_back(cli: Cli, operator: Operator) -> None:
    assert cli("job", "rescale", "2")["data"]["parallelism"] == 2
    assert operator.submitted[-1]["parallelism"] == 2
    assert "parallelism: 1" in cli("deploy", "plan")["data"]["diff"]
    cli.up()
    assert operator.submitted[-1]["parallelism"] == 1


def test_a_program_is_restarted_and_waited_for(cli: Cli, server: ApiServer) -> None:
    before = {pod["metadata"]["name"] for pod in server.get("pods") if "-ticker-" in pod["metadata"]["name"]}
    assert cli("restart", "ticker")["data"]["programs"] == ["ticker"]
    after = {pod["metadata"]["name"] for pod in server.get("pods") if "-ticker-" in pod["metadata"]["name"]}
    assert before.isdisjoint(after)


def test_a_fault_deletes_a_pod_and_another_comes_or_keeps_a_program_away_for_a_while(
    cli: Cli, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tickers() -> set[str]:
        names = {it["metadata"]["name"] for it in server.get("pods")}
        return {name for name in names if "-ticker-" in name}

    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    stack = engines.current(cli.home)
    engine, before = engines.of(stack), tickers()
    engine.kill(stack, "ticker")
    await_that(lambda: tickers() and tickers().isdisjoint(before), "another pod has come")
    engine.stop(stack, "ticker")
    assert engine.programs(stack)["ticker"].condition is Condition.STOPPED
    engine.start(stack, "ticker")
    await_that(lambda: engine.programs(stack)["ticker"].runs, "it works again")


def test_a_sink_that_the_profile_no_longer_has_loses_its_writer(cli: Cli, server: ApiServer) -> None:
    values = example("kind")
    del values["profile"]["sinks"]["redis"]
    path = cli.folder / "fewer.yaml"
    path.write_text(yaml.safe_dump(values))
    cli("up", "--values", str(path))
    names = {it["metadata"]["name"] for it in server.get("deployments,services,networkpolicies")}
    assert not [name for name in names if name.endswith("sink-redis")]
    cli.up()
    assert f"{RELEASE}-sink-redis" in {it["metadata"]["name"] for it in server.get("deployments")}


def test_a_command_whose_pod_is_gone_before_it_was_heard_is_not_waited_for(cli: Cli) -> None:
    # The double of the nodes calls its Job done, and makes no pod.
    answer = cli("verify", "sinks", code=1)
    assert answer["error"]["message"] == "the pod of the command is gone, and what it answered"


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGHUP])
def test_a_replay_is_given_a_flink_of_its_own_and_an_interrupt_leaves_nothing_of_it(
    cli: Cli, server: ApiServer, ends: signal.Signals
) -> None:
    job_id = cli("job", "status")["data"]["flink"]["job_id"]
    before = {it["metadata"]["name"] for it in server.get("configmaps")}
    process = cli.begin("replay", "--rules", "default", "--diff", "live")
    try:
        await_that(lambda: len(server.get(KIND)) == 2, "the replay has a Flink of its own", LONG_S)
        [its] = [it for it in server.get(KIND) if it["metadata"]["name"] != RELEASE]
        assert ("job" in its["spec"], its["metadata"]["ownerReferences"][0]["kind"]) == (False, "Job")
        assert cli("job", "status")["data"]["flink"]["job_id"] == job_id
        [shown] = [it["name"] for it in cli("status")["data"]["servers"] if "-replay-" in it["name"]]
        assert shown == its["metadata"]["ownerReferences"][0]["name"]
        assert cli("replay", "--clean", code=1)["error"]["code"] == "replay_under_way"
        assert cli("down", code=1)["error"]["code"] == "replay_under_way"
        process.send_signal(ends)
        assert process.wait(60) == 130
    finally:
        process.kill()
    await_that(lambda: len(server.get(KIND)) == 1, "that Flink is gone")
    assert [it for it in server.get("jobs") if "-replay-" in it["metadata"]["name"]] == []
    assert {it["metadata"]["name"] for it in server.get("configmaps")} == before


def test_rules_are_handed_to_a_job_of_their_own_and_an_interrupt_leaves_nothing_of_it(
    cli: Cli, server: ApiServer
) -> None:
    def named(kinds: str) -> list[dict[str, Any]]:
        return [it for it in server.get(kinds) if "-rules-" in it["metadata"]["name"]]

    process = cli.begin("rules", "apply", "default", "--reason", "as shipped")
    try:
        await_that(lambda: len(named("jobs,configmaps")) == 2, "the Job and its files are there", LONG_S)
        [job], [files] = named("jobs"), named("configmaps")
        assert files["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
        assert json.loads(files["data"]["asked-by.json"])["author"] == signing.user()
        spec = job["spec"]["template"]["spec"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "rules"}, "spec": spec}
        server.kubectl("apply", "--dry-run=server", "-n", NAMESPACE, "-f", "-", text=yaml.safe_dump(pod))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
    await_that(lambda: named("jobs,configmaps") == [], "nothing of it is left")


def test_what_the_operator_could_not_do_is_told_and_makes_the_stack_unwell(
    cli: Cli, operator: Operator
) -> None:
    operator.refuses = "the image cannot be pulled"
    try:
        answer = cli("job", "rescale", "3", code=1)
        assert "the image cannot be pulled" in answer["error"]["message"]
        data = cli("status", code=3)["data"]
        [flink] = [it for it in data["servers"] if it["name"] == "flink"]
        assert flink["reason"] == "the operator says failed: the image cannot be pulled"
    finally:
        operator.refuses = ""
    cli.up()


def test_values_that_cannot_be_are_refused_before_the_cluster_is_asked(cli: Cli) -> None:
    answer = cli("deploy", "render", "--values", cli.values(writer={"replicas": 2}), code=2)
    assert (answer["error"]["code"], "'writer' not allowed" in answer["error"]["message"]) == ("values", True)


def test_doctor_knows_the_cluster_the_operator_and_our_rights(cli: Cli) -> None:
    found = {one["name"]: one["state"] for one in cli("doctor")["data"]["checks"]}
    assert {
        name: found[name] for name in ("kubectl", "helm", "cluster", "operator", "rights")
    } == dict.fromkeys(("kubectl", "helm", "cluster", "operator", "rights"), "ok")


def test_down_leaves_no_pod_and_up_goes_on_from_the_savepoint(
    cli: Cli, server: ApiServer, operator: Operator
) -> None:
    cli("down")
    assert [it for it in server.get("pods") if "deletionTimestamp" not in it["metadata"]] == []
    assert cli("status", code=4)["error"]["code"] == "not_running"
    savepoint = operator.savepoints[-1]
    cli.up()
    assert operator.submitted[-1]["from"] == savepoint
    assert cli("status")["data"]["healthy"]


def test_down_ends_a_replay_as_well_where_that_is_asked_for(cli: Cli, server: ApiServer) -> None:
    process = cli.begin("replay", "--rules", "default", "--diff", "live")
    try:
        await_that(lambda: len(server.get(KIND)) == 2, "the replay has a Flink of its own", LONG_S)
        notes = one(server.get(KIND), "FlinkDeployment", RELEASE)["metadata"]["annotations"]
        assert [name for name in notes if name.startswith("fraudctl/replay-")]
        cli("down", "--yes")
        assert process.wait(60) == 1
    finally:
        process.kill()
    [live] = server.get(KIND)
    assert not [name for name in live["metadata"].get("annotations", {}) if "/replay-" in name]
    assert [it for it in server.get("jobs") if "-replay-" in it["metadata"]["name"]] == []
    cli.up()


def test_purge_leaves_nothing_of_the_release(cli: Cli, server: ApiServer) -> None:
    cli("purge", "--yes")
    mine = ("-l", f"app.kubernetes.io/instance={RELEASE}")
    kinds = f"{KIND},deployments,jobs,services,configmaps,networkpolicies,roles,serviceaccounts"
    left = [it for it in server.get(kinds, *mine) if "deletionTimestamp" not in it["metadata"]]
    assert (left, cli.home.exists()) == ([], False)
