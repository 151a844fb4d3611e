"""What the Kubernetes engine needs of the machine and of the cluster: kubectl, Helm, the operator, rights."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.engines.kubernetes import kept
from fraudctl.engines.kubernetes.cluster import INSTALL, Cluster, Place
from fraudctl.engines.kubernetes.deployment import KIND
from fraudctl.engines.kubernetes.start import NAMESPACE, RELEASE
from fraudctl.errors import FraudctlError

_NEEDED = (
    "deployments.apps",
    "jobs.batch",
    "configmaps",
    "services",
    "serviceaccounts",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy",
    KIND,
)


def examine(home: Path) -> list[Check]:
    """Every check, in an order for reading; the cluster's only where there is a kubectl."""
    found = [_kubectl(), _helm()]
    if found[0].state == WELL:
        cluster = Cluster(kept.place(home) or Place(NAMESPACE, RELEASE))
        found.append(_server(cluster))
        if found[-1].state == WELL:
            found += [_operator(cluster), _rights(cluster)]
    return found


def _kubectl() -> Check:
    path = shutil.which("kubectl")
    if path is None:
        return Check("kubectl", BROKEN, "there is no kubectl on the PATH", INSTALL)
    return Check("kubectl", WELL, path)


def _helm() -> Check:
    if path := shutil.which("helm"):
        return Check("helm", WELL, path)
    if find_spec("helm_python") is not None:
        return Check("helm", WELL, "Helm as a library")
    return Check("helm", BROKEN, "there is no Helm", "install helm, or: pip install 'fraudctl[kubernetes]'")


def _server(cluster: Cluster) -> Check:
    try:
        told = json.loads(cluster.ask(["version", "-o", "json"]))
    except FraudctlError as error:
        return Check("cluster", BROKEN, error.message.replace("\n", " "), error.hint or INSTALL)
    return Check("cluster", WELL, f"Kubernetes {told['serverVersion']['gitVersion']}")


def _operator(cluster: Cluster) -> Check:
    try:
        cluster.ask(["get", "crd", KIND, "-o", "name"])
    except FraudctlError:
        mend = "install the Flink Kubernetes Operator 1.15: see docs/kubernetes.md"
        return Check("operator", BROKEN, "the cluster knows no FlinkDeployment", mend)
    return Check("operator", WELL, "the cluster knows FlinkDeployments")


def _rights(cluster: Cluster) -> Check:
    missing = [kind for kind in _NEEDED if not _may(cluster, kind)]
    if missing:
        mend = f"have a role that may change them in the namespace {cluster.place.namespace}"
        return Check("rights", WARNING, f"you may not make {', '.join(missing)}", mend)
    return Check("rights", WELL, f"you may make what the chart has in {cluster.place.namespace}")


def _may(cluster: Cluster, kind: str) -> bool:
    try:
        return cluster.ask(["auth", "can-i", "create", kind]).strip() == "yes"
    except FraudctlError:
        return False
