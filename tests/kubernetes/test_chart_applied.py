"""The chart as a real API server takes it: defaults, validation, who may what."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.api_server import NAMESPACE, ApiServer
from tests.chart import EXAMPLES, OTHERS_KINDS, example, one, render

DRY = ("apply", "--server-side", "--dry-run=server", "-n", NAMESPACE, "-f", "-")


def text(objects: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(it for it in objects if it["kind"] not in OTHERS_KINDS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_object_of_every_example_is_accepted(server: ApiServer, name: str) -> None:
    objects = render(example(name))
    said = server.kubectl(*DRY, text=text(objects)).splitlines()
    assert len(said) == len([it for it in objects if it["kind"] not in OTHERS_KINDS])
    assert all(line.endswith("serverside-applied (server dry run)") for line in said), said


@pytest.mark.parametrize(
    ("kind", "place", "value", "said"),
    [
        ("FlinkDeployment", ("spec", "flinkVersion"), "v9_9", 'Unsupported value: "v9_9"'),
        (
            "FlinkDeployment",
            ("spec", "job", "parallelism"),
            "two",
            "expected numeric (int or float), got string",
        ),
        ("FlinkDeployment", ("spec", "job", "upgradeMode"), "lastState", 'Unsupported value: "lastState"'),
        ("Deployment", ("spec", "replicaz"), 2, "field not declared in schema"),
        ("NetworkPolicy", ("spec", "policyTypes"), ["Upwards"], 'Unsupported value: "Upwards"'),
    ],
)
def test_what_is_wrong_is_refused_and_named(
    server: ApiServer, kind: str, place: tuple[str, ...], value: object, said: str
) -> None:
    it = copy.deepcopy(next(it for it in render(example("eks")) if it["kind"] == kind))
    inner = it
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert said in server.refusal(*DRY, text=yaml.safe_dump(it))


def test_pods_are_such_as_a_namespace_that_is_restricted_lets_in(server: ApiServer) -> None:
    server.kubectl("create", "namespace", "restricted")
    label = "pod-security.kubernetes.io/enforce=restricted"
    server.kubectl("label", "namespace", "restricted", label)
    for it in render(example("kind")):
        if it["kind"] in ("Deployment", "Job"):
            template = it["spec"]["template"]
            name = it["metadata"]["name"]
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
            server.kubectl(
                "apply", "--dry-run=server", "-n", "restricted", "-f", "-", text=yaml.safe_dump(pod)
            )


def test_a_pod_with_a_root_that_can_be_written_would_not_be(server: ApiServer) -> None:
    server.kubectl("create", "namespace", "restricted-too")
    label = "pod-security.kubernetes.io/enforce=restricted"
    server.kubectl("label", "namespace", "restricted-too", label)
    template = one(render(example("kind")), "Deployment", "fraud-ticker")["spec"]["template"]
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": template["spec"]}
    argv = ("apply", "--dry-run=server", "-n", "restricted-too", "-f", "-")
    assert "violates PodSecurity" in server.refusal(*argv, text=yaml.safe_dump(pod))


@pytest.mark.parametrize(
    ("account", "verb", "what", "may"),
    [
        ("fraud-flink", "create", "pods", True),
        ("fraud-flink", "delete", "pods", True),
        ("fraud-flink", "watch", "configmaps", True),
        ("fraud-flink", "update", "configmaps", True),
        ("fraud-flink", "get", "deployments.apps", True),
        ("fraud-flink", "get", "secrets", False),
        ("fraud-flink", "patch", "deployments.apps", False),
        ("fraud-flink", "create", "deployments.apps", False),
        ("fraud-flink", "create", "rolebindings.rbac.authorization.k8s.io", False),
        ("fraud-programs", "get", "configmaps", False),
        ("fraud-programs", "list", "pods", False),
    ],
)
def test_an_account_may_what_its_programs_need_and_no_more(
    server: ApiServer, account: str, verb: str, what: str, may: bool
) -> None:
    wanted = ("ServiceAccount", "Role", "RoleBinding")
    rights = [it for it in render(example("kind")) if it["kind"] in wanted]
    server.kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", "-", text=text(rights))
    asked = (
        "auth",
        "can-i",
        verb,
        what,
        "-n",
        NAMESPACE,
        f"--as=system:serviceaccount:{NAMESPACE}:{account}",
    )
    if may:
        assert server.kubectl(*asked).strip() == "yes"
    else:
        server.refusal(*asked)
    elsewhere = (*asked[:4], "-n", "default", asked[-1])
    server.refusal(*elsewhere)
