"""What every pod of the chart owes to those who run the cluster, read from the rendered objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chart import EXAMPLES, example, one, pods, render
from tests.unit.fraudctl.engines.kubernetes.test_chart import values

ALL = [*EXAMPLES, "everything"]


@pytest.fixture(scope="module", params=ALL)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return render(values(request.param))


def test_no_pod_runs_as_root_or_may_become_it_or_writes_to_its_image(objects: list[dict[str, Any]]) -> None:
    for name, pod in pods(objects):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"] > 0) == (True, True), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys(), name
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume], name


def test_every_container_says_what_it_takes_and_no_more(objects: list[dict[str, Any]]) -> None:
    for name, pod in pods(objects):
        for container in pod["containers"]:
            for kind in ("requests", "limits"):
                assert {"cpu", "memory"} <= container["resources"][kind].keys(), name
        assert all("sizeLimit" in it["emptyDir"] for it in pod["volumes"] if "emptyDir" in it), name


def test_whatever_runs_for_long_is_probed(objects: list[dict[str, Any]]) -> None:
    for name, pod in pods(objects):
        for container in pod["containers"]:
            probes = {"startupProbe", "livenessProbe", "readinessProbe"}
            assert probes <= container.keys() or "-setup-" in name, name


def test_secrets_are_files_and_nowhere_else(objects: list[dict[str, Any]]) -> None:
    assert not [it for it in objects if it["kind"] == "Secret"]
    for name, pod in pods(objects):
        for container in pod["containers"]:
            assert "envFrom" not in container, name
            assert all("value" in variable for variable in container.get("env", ())), name


def test_nobody_has_rights_in_the_cluster_but_flink_and_those_end_at_the_namespace(
    objects: list[dict[str, Any]],
) -> None:
    assert not [it for it in objects if it["kind"].startswith("ClusterRole")]
    [bound] = [it for it in objects if it["kind"] == "RoleBinding"]
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "fraud-flink", "namespace": "risk"}]
    [role] = [it for it in objects if it["kind"] == "Role"]
    assert "*" not in json.dumps(role["rules"])
    assert not [rule for rule in role["rules"] if "secrets" in rule["resources"]]
    for name, pod in pods(objects):
        is_flink = name.startswith(("fraud-jobManager", "fraud-taskManager"))
        assert pod["automountServiceAccountToken"] is is_flink, name


def test_variables_of_services_do_not_reach_programs_that_refuse_unknown_ones(
    objects: list[dict[str, Any]],
) -> None:
    assert all(pod["enableServiceLinks"] is False for _, pod in pods(objects))


def test_every_pod_stands_behind_a_policy_that_lets_nothing_through_and_has_one_of_its_own(
    objects: list[dict[str, Any]],
) -> None:
    nothing = one(objects, "NetworkPolicy", "fraud-nothing")["spec"]
    assert (nothing["policyTypes"], "ingress" in nothing, "egress" in nothing) == (
        ["Ingress", "Egress"],
        False,
        False,
    )
    named = {
        it["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for it in objects
        if it["kind"] == "NetworkPolicy"
    }
    made = {
        it["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for it in objects
        if it["kind"] in ("Deployment", "Job")
    }
    assert made | {"flink"} <= named


def test_a_writer_reaches_kafka_and_its_own_store_and_is_given_their_secrets_alone() -> None:
    objects = render(example("eks"))
    pod = one(objects, "Deployment", "fraud-sink-postgres")["spec"]["template"]["spec"]
    assert {v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v} == {
        "risk-kafka",
        "risk-postgres",
    }
    ways = one(objects, "NetworkPolicy", "fraud-sink-postgres")["spec"]["egress"]
    assert [port["port"] for way in ways for port in way["ports"]] == [9096, 5432]
    flink = one(objects, "FlinkDeployment", "fraud")["spec"]["podTemplate"]["spec"]
    assert {v["secret"]["secretName"] for v in flink["volumes"] if "secret" in v} == {"risk-kafka"}


def test_pods_of_a_kind_keep_away_from_each_others_machines_and_zones(objects: list[dict[str, Any]]) -> None:
    for it in objects:
        if it["kind"] == "Deployment" and not it["metadata"]["name"].endswith("-toolbox"):
            template = it["spec"]["template"]
            assert _keeps_away(template["spec"], template["metadata"]["labels"]), it["metadata"]["name"]
    [flink] = [it for it in objects if it["kind"] == "FlinkDeployment"]
    for role in ("jobManager", "taskManager"):
        # Flink gives its pods these labels itself.
        labels = {"app": flink["metadata"]["name"], "component": role.lower()}
        assert _keeps_away(flink["spec"][role]["podTemplate"]["spec"], labels), role


def _keeps_away(pod: dict[str, Any], labels: dict[str, str]) -> bool:
    [spread] = pod["topologySpreadConstraints"]
    [wish] = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    places = {spread["topologyKey"], wish["podAffinityTerm"]["topologyKey"]}
    selectors = [one["labelSelector"]["matchLabels"] for one in (spread, wish["podAffinityTerm"])]
    known = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    return places == known and all(one.items() <= labels.items() for one in selectors)


def test_of_what_there_are_several_one_goes_at_a_time() -> None:
    objects = render(example("gke"))
    budgets = {it["metadata"]["name"] for it in objects if it["kind"] == "PodDisruptionBudget"}
    assert budgets == {"fraud-jobmanager", "fraud-taskmanager", "fraud-sink-postgres", "fraud-sink-redis"}
    spec = one(objects, "Deployment", "fraud-sink-postgres")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30
