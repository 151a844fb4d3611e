"""The chart: every object of every example is one that Kubernetes and the operator take."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from helm_python import HelmError, lint

from fraudctl import chart_files
from fraudctl.engines.kubernetes import chart
from fraudctl.flink.cluster import taskmanager_memory
from pipeline.records.names import writer_group
from tests import flink_deployment
from tests.chart import EXAMPLES, OTHERS_KINDS, example, one, problems, render
from tests.flink_deployment import CRD

EVERYTHING: dict[str, Any] = {
    "profile": {
        "servers": {
            "dynamodb": {"external": {"address": "aws"}},
            "elasticsearch": {"external": {"address": "https://search.example.org:9200"}},
        },
        "sinks": {"dynamodb": {}, "elasticsearch": {}, "parquet": {"url": "s3://a/b"}},
        "notify": {"channels": {"slack": {}}},
        "pipeline": {"parallelism": 8},
    },
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["registry"]},
    "rules": "version: mine\nrules: {}\n",
    "job": {
        "hops": ["card_id", "user_id+merchant_id"],
        "initialSavepointPath": "s3://a/savepoint-1",
        "savepointTriggerNonce": 3,
        "savepointRedeployNonce": 4,
    },
    "flink": {"nodeSelector": {"pool": "risk"}, "tolerations": [{"key": "risk", "operator": "Exists"}]},
    "programs": {
        "nodeSelector": {"pool": "risk"},
        "tolerations": [{"key": "risk", "operator": "Exists"}],
        "priorityClassName": "high",
    },
    "networkPolicy": {"egress": {"kafka": {"cidrs": ["10.0.0.0/8"], "ports": [9092]}}},
    "externalSecrets": {"enabled": True, "storeName": "vault"},
    "monitoring": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
    },
    "keda": {"enabled": True},
    "toolbox": {"enabled": True},
}
"""all that can be switched on"""


def values(name: str) -> dict[str, Any]:
    return example("kind", **copy.deepcopy(EVERYTHING)) if name == "everything" else example(name)


@pytest.mark.parametrize("name", [*EXAMPLES, "everything"])
def test_every_object_is_one_that_kubernetes_and_the_operator_take(name: str) -> None:
    objects = render(values(name))
    found = {f"{it['kind']} {it['metadata']['name']}": problems(it) for it in objects}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert len(found) == len({key.lower() for key in found}) > 20


def test_everything_that_an_operator_may_be_given_is_in_an_example() -> None:
    assert OTHERS_KINDS - {it["kind"] for it in render(values("eks"))} == set()


@pytest.mark.parametrize("name", [*EXAMPLES, "everything"])
def test_helm_has_nothing_to_say_about_it(name: str) -> None:
    said = lint(chart.folder(), values(name), strict=True)
    assert [one for one in said["messages"] if one["severity"] > 1] == []


@pytest.mark.parametrize(
    ("kind", "place", "value", "said"),
    [
        ("FlinkDeployment", ("spec", "flinkVersion"), "v9_9", "'v9_9' is not one of"),
        ("FlinkDeployment", ("spec", "job", "upgradeMode"), "lastState", "'lastState' is not one of"),
        ("FlinkDeployment", ("spec", "job", "parallelism"), "two", "'two' is not of type 'integer'"),
        ("FlinkDeployment", ("spec", "jobManager", "replicaz"), 2, "'replicaz' was unexpected"),
        ("FlinkDeployment", ("spec", "podTemplate", "spec", "container"), [], "'container' was unexpected"),
        ("Deployment", ("spec", "replicaz"), 2, "replicaz"),
        ("Deployment", ("spec", "replicas"), "two", "'two'"),
        ("NetworkPolicy", ("spec", "egres"), [], "egres"),
        ("PodDisruptionBudget", ("spec", "maxAvailable"), 1, "maxAvailable"),
        ("ServiceMonitor", ("spec", "endpoint"), [], "'endpoint' was unexpected"),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "express"), "1", "'express' was unexpected"),
        ("ScaledObject", ("spec", "maxReplicaCount"), "12", "'12' is not of type 'integer'"),
        ("ScaledObject", ("spec", "triggers", 0, "metadata", "lagThreshold"), 5, "5 is not of type 'string'"),
        ("ExternalSecret", ("spec", "secretStoreRef", "kind"), "Vault", "'Vault' is not one of"),
        ("ExternalSecret", ("apiVersion",), "external-secrets.io/v1beta1", "is not external-secrets.io/v1"),
    ],
)
def test_what_is_misspelt_or_of_another_type_is_found(
    kind: str, place: tuple[str | int, ...], value: object, said: str
) -> None:
    it = copy.deepcopy(next(it for it in render(values("eks")) if it["kind"] == kind))
    inner: Any = it
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert any(said in problem for problem in problems(it)), problems(it)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("spec", "flinkVersion"), "v9_9", "spec.flinkVersion: 'v9_9' is not one of"),
        (("spec", "job", "upgradeMode"), "lastState", "'lastState' is not one of"),
        (("spec", "job", "parallelism"), "two", "spec.job.parallelism: 'two' is not of type 'integer'"),
        (("spec", "taskManager", "resources"), {}, "'resources' was unexpected"),
        (("spec", "jobManager", "podTemplate", "spec", "container"), [], "'container' was unexpected"),
        (("status", "lifecycleState"), "FINE", "status.lifecycleState: 'FINE' is not one of"),
    ],
)
def test_a_mistake_is_found_where_the_operators_definition_is_not_at_hand(
    place: tuple[str, ...], value: object, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(flink_deployment, "CRD", tmp_path / "not there")
    it = {**one(render(values("kind")), "FlinkDeployment", "fraud"), "status": {}}
    assert problems(it) == []
    inner: Any = it
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert any(said in problem for problem in problems(it)), problems(it)


@pytest.mark.skipif(not CRD.is_file(), reason=f"the operator's definitions are not at {CRD.parent}")
def test_what_we_know_of_a_flink_deployment_is_what_the_operator_defines() -> None:
    assert list(flink_deployment.disagreements(flink_deployment.known(), flink_deployment.defined())) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"writer": {"replicas": 2}}, "additional properties 'writer' not allowed"),
        ({"writers": {"replica": 2}}, "additional properties 'replica' not allowed"),
        ({"profile": {"pipelines": {}}}, "additional properties 'pipelines' not allowed"),
        ({"profile": {"pipeline": {"parallelism": 200}}}, "maximum: got 200, want 128"),
        ({"job": {"upgradeMode": "lastState"}}, "value must be one of 'savepoint', 'last-state'"),
        ({"job": {"storage": {"checkpoints": "/data"}}}, "does not match pattern"),
        ({"image": {"digest": "sha256:1"}}, "does not match pattern"),
        ({"secrets": {"kafak": {"secretName": "a"}}}, "additional properties 'kafak' not allowed"),
    ],
)
def test_values_that_nobody_knows_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(HelmError, match=said):
        render(example("kind", **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profile": {"servers": {"kafka": {}}}}, "the chart runs no Kafka"),
        ({"profile": {"servers": {"redis": {}}}}, "profile.servers.redis.external"),
        ({"job": {"storage": {"savepoints": ""}}}, "job.storage.savepoints: name a bucket"),
        ({"profile": {"rules": "rules.yaml"}}, "--set-file rules=my-rules.yaml"),
        ({"writers": {"sinks": {"parquet": {"replicas": 3}}}}, "the profile has no such sink"),
        ({"externalSecrets": {"enabled": True}}, "externalSecrets.storeName"),
        ({"trusted": ""}, "trusted: say whose changes of the rules count"),
        ({"profile": {"signing": {"key": "a"}}}, "profile.signing.key: give"),
    ],
)
def test_what_the_chart_cannot_do_is_said_before_anything_is_made(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(HelmError, match=said):
        render(example("kind", **changes))


def test_the_made_files_are_those_of_today() -> None:
    made = chart_files.files(chart.folder())
    stale = [name for name, text in made.items() if (chart.folder() / name).read_text() != text]
    there = {str(path.relative_to(chart.folder())) for path in chart.folder().glob("files/**/*.*")}
    assert (stale, there - made.keys()) == ([], set()), "run: make chart"


def test_dashboards_and_alert_rules_are_the_ones_of_every_stack() -> None:
    objects = render(values("eks"))
    rules = one(objects, "PrometheusRule", "fraud")["spec"]
    assert {rule.get("alert") for group in rules["groups"] for rule in group["rules"]} >= {
        "NoDecisions",
        "JobDown",
        "ProgramDown",
    }
    board = one(objects, "ConfigMap", "fraud-dashboard-overview")
    assert json.loads(board["data"]["overview.json"])["panels"]
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_large_numbers_and_durations_of_the_profile_arrive_as_they_are() -> None:
    told = example("kind", profile={"max_message_bytes": 16_777_216, "retention_ms": "30d"})
    profile = json.loads(one(render(told), "ConfigMap", "fraud-profile")["data"]["profile.yaml"])
    assert (profile["max_message_bytes"], profile["retention_ms"]) == (16_777_216, "30d")


def test_own_rules_lie_beside_the_profile_and_are_named_in_it() -> None:
    data = one(render(values("everything")), "ConfigMap", "fraud-profile")["data"]
    assert json.loads(data["profile.yaml"])["rules"] == "rules.yaml"
    assert data["rules.yaml"] == "version: mine\nrules: {}\n"


def test_another_profile_makes_other_pods_and_another_setup_and_the_same_one_does_not() -> None:
    def marks(told: dict[str, Any]) -> set[str]:
        objects = render(told)
        setup = next(it["metadata"]["name"] for it in objects if it["kind"] == "Job")
        pod = one(objects, "FlinkDeployment", "fraud")["spec"]["podTemplate"]["metadata"]
        return {setup, pod["annotations"]["fraudctl/profile"]}

    assert marks(example("kind")) == marks(example("kind", writers={"replicas": 3}))
    assert marks(example("kind")).isdisjoint(marks(example("kind", profile={"partitions": 8})))


def test_flink_is_told_of_checkpoints_leaders_and_memory_as_the_profile_and_the_values_say() -> None:
    told = example("kind", profile={"pipeline": {"checkpoint_interval_ms": 5000, "parallelism": 3}})
    spec = one(render(told), "FlinkDeployment", "fraud")["spec"]
    settings = spec["flinkConfiguration"]
    assert {name: settings[name] for name in settings if name.startswith("execution.checkpointing.")} == {
        "execution.checkpointing.dir": "s3://flink/checkpoints",
        "execution.checkpointing.savepoint-dir": "s3://flink/savepoints",
        "execution.checkpointing.interval": "5000 ms",
        "execution.checkpointing.incremental": "true",
        "execution.checkpointing.num-retained": "3",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }
    assert settings["high-availability.type"] == "kubernetes"
    assert settings["s3.endpoint"] == "http://s3.servers.svc:7070"
    assert "taskmanager.memory.task.heap.size" not in settings
    fixed = sum(
        int(settings[name].removesuffix("m"))
        for name in taskmanager_memory(0, 384)
        if name in settings and name.startswith("taskmanager.memory") and not name.endswith(".min")
    )
    assert fixed + 128 < int(spec["taskManager"]["resource"]["memory"].removesuffix("m"))
    assert spec["job"]["parallelism"] == 3


def test_what_is_submitted_is_the_operators_alone_and_all_steps_stay_equally_parallel() -> None:
    settings = one(render(values("eks")), "FlinkDeployment", "fraud")["spec"]["flinkConfiguration"]
    assert (settings["web.submit.enable"], settings["job.autoscaler.enabled"]) == ("false", "false")
    assert not [it for it in render(values("eks")) if it["metadata"]["name"].endswith("keeper")]


def test_a_change_goes_by_a_savepoint_and_by_the_newest_checkpoint_where_none_can_be_had() -> None:
    spec = one(render(values("eks")), "FlinkDeployment", "fraud")["spec"]
    assert (spec["mode"], spec["job"]["upgradeMode"]) == ("native", "savepoint")
    settings = spec["flinkConfiguration"]
    known = ("job.upgrade.last-state-fallback", "jm-deployment-recovery")
    assert {settings[f"kubernetes.operator.{name}.enabled"] for name in known} == {"true"}
    assert settings["kubernetes.operator.job.restart.failed"] == "true"
    quick = example("eks", job={"upgradeMode": "last-state"})
    assert one(render(quick), "FlinkDeployment", "fraud")["spec"]["job"]["upgradeMode"] == "last-state"


def test_whoever_scrapes_finds_every_program_and_flink_by_their_services() -> None:
    objects = render(values("eks"))
    monitor = one(objects, "ServiceMonitor", "fraud")["spec"]
    [endpoint] = monitor["endpoints"]
    services = [it for it in objects if it["kind"] == "Service"]
    found = {
        it["metadata"]["labels"]["program"]
        for it in services
        if monitor["selector"]["matchLabels"].items() <= it["metadata"]["labels"].items()
        and endpoint["port"] in [port["name"] for port in it["spec"]["ports"]]
    }
    programs = {it["metadata"]["name"].removeprefix("fraud-") for it in objects if it["kind"] == "Deployment"}
    assert found == {*programs, "flink-jobmanager", "flink-taskmanager"}


def test_accounts_bear_the_identities_of_the_cloud() -> None:
    def annotations(name: str) -> list[dict[str, str]]:
        accounts = [it for it in render(values(name)) if it["kind"] == "ServiceAccount"]
        return [it["metadata"]["annotations"] for it in accounts]

    assert [list(one) for one in annotations("eks")] == [["eks.amazonaws.com/role-arn"]] * 2
    assert [list(one) for one in annotations("gke")] == [["iam.gke.io/gcp-service-account"]] * 2


def test_each_sink_of_the_profile_has_a_writer_and_only_what_the_profile_asks_for_runs() -> None:
    def programs(told: dict[str, Any]) -> dict[str, int | None]:
        found = [it for it in render(told) if it["kind"] == "Deployment"]
        return {it["metadata"]["name"]: it["spec"].get("replicas") for it in found}

    assert programs(example("kind", writers={"sinks": {"redis": {"replicas": 4}}})) == {
        "fraud-exporter": 1,
        "fraud-sink-postgres": 1,
        "fraud-sink-redis": 4,
        "fraud-ticker": 1,
        "fraud-toolbox": 1,
    }
    silent = example("kind", profile={"pipeline": {"idle_after_ms": "30s"}}, toolbox={"enabled": False})
    assert "fraud-ticker" not in programs(silent)
    assert "fraud-toolbox" not in programs(silent)
    assert "fraud-notifier" in programs(values("everything"))


def test_keda_scales_a_writer_by_the_lag_of_its_group_and_never_beyond_the_partitions() -> None:
    objects = render(example("eks", keda={"maxReplicas": 99}))
    scaled = one(objects, "ScaledObject", "fraud-sink-postgres")["spec"]
    assert scaled["maxReplicaCount"] == 12
    assert scaled["triggers"][0]["metadata"]["consumerGroup"] == writer_group("postgres")
    assert "replicas" not in one(objects, "Deployment", "fraud-sink-postgres")["spec"]
