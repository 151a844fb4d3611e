"""Who acts in a cluster with nodes and an operator: what makes pods, and the operator."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from fraudctl.engines.kubernetes.programs import COMPONENT
from tests.api_server import NAMESPACE, ApiServer
from tests.operator_double import Operator
from tests.threads import meanwhile

KIND = "flinkdeployments.flink.apache.org"


class OnServer:
    """The FlinkDeployment of a server, as an operator reads and answers it."""

    def __init__(self, server: ApiServer, name: str) -> None:
        self._server, self._name = server, name

    def read(self) -> dict[str, Any] | None:
        found = [it for it in self._server.get(KIND) if it["metadata"]["name"] == self._name]
        return found[0] if found else None

    def tell(self, status: Mapping[str, Any]) -> None:
        if (self.read() or {}).get("status") != status:
            self._server.patch_status(KIND, self._name, status)


class Nodes:
    """Makes the pods that Deployments want, says that they are ready, and that most Jobs are done."""

    leaves: tuple[str, ...] = ("-replay-", "-rules-")
    """in the names of Jobs that are not done by themselves"""

    def __init__(self, server: ApiServer) -> None:
        self._server, self._made = server, 0

    def works(self, program: str) -> bool:
        """Whether a pod of it does its work, once it is there."""
        return True

    def look(self) -> None:
        for job in self._server.get("jobs"):
            name = job["metadata"]["name"]
            is_left = any(kind in name for kind in self.leaves)
            if not is_left and not job.get("status", {}).get("succeeded"):
                self._complete(name)
        pods = self._server.get("pods")
        for deployment in self._server.get("deployments"):
            its = [pod for pod in pods if _is_of(pod, deployment)]
            self._keep(deployment, its)
            if self.works(deployment["metadata"]["labels"][COMPONENT]):
                self._tell_ready(pod for pod in its if not pod["status"].get("conditions"))

    def _keep(self, deployment: Mapping[str, Any], pods: list[dict[str, Any]]) -> None:
        name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
        replicas, marks = deployment["spec"]["replicas"], json.dumps(template, sort_keys=True)
        fresh = [pod for pod in pods if pod["metadata"]["annotations"]["made-of"] == str(hash(marks))]
        for pod in [*(pod for pod in pods if pod not in fresh), *fresh[replicas:]]:
            self._end(pod["metadata"]["name"])
        for _ in range(replicas - len(fresh)):
            self._begin(name, template, str(hash(marks)))
        generation = deployment["metadata"]["generation"]
        status = {"observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas}
        ready = {"readyReplicas": replicas, "availableReplicas": replicas}
        if deployment.get("status", {}) | status | ready != deployment.get("status", {}):
            self._server.patch_status("deployment", name, status | ready)

    def _begin(self, name: str, template: Mapping[str, Any], marks: str) -> None:
        self._made += 1
        metadata = template["metadata"]
        annotations = {**metadata.get("annotations", {}), "made-of": marks}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{self._made}",
                "labels": metadata["labels"],
                "annotations": annotations,
            },
            "spec": template["spec"],
        }
        self._server.kubectl("apply", "-n", NAMESPACE, "-f", "-", text=yaml.safe_dump(pod))

    def _tell_ready(self, pods: Iterable[Mapping[str, Any]]) -> None:
        conditions = [{"type": "Ready", "status": "True"}]
        ready = {"phase": "Running", "startTime": "2026-11-28T06:00:00Z", "conditions": conditions}
        for pod in pods:
            self._server.patch_status("pod", pod["metadata"]["name"], ready)

    def _end(self, pod: str) -> None:
        self._server.kubectl(
            "delete", "pod", pod, "-n", NAMESPACE, "--grace-period=0", "--force", "--wait=false"
        )

    def _complete(self, job: str) -> None:
        moment = "2026-11-28T06:00:00Z"
        done = {"status": "True", "lastProbeTime": moment, "lastTransitionTime": moment}
        conditions = [{"type": kind, **done} for kind in ("SuccessCriteriaMet", "Complete")]
        times = {"startTime": moment, "completionTime": moment}
        self._server.patch_status("job", job, {"succeeded": 1, "conditions": conditions, **times})


def _is_of(pod: Mapping[str, Any], deployment: Mapping[str, Any]) -> bool:
    wanted = deployment["spec"]["selector"]["matchLabels"]
    labels = pod["metadata"].get("labels", {})
    return all(labels.get(name) == value for name, value in wanted.items())


@contextmanager
def at_work(server: ApiServer, release: str, nodes: Nodes | None = None) -> Iterator[Operator]:
    """Both, looking again and again in a thread of their own."""
    operator, nodes = Operator(OnServer(server, release)), nodes or Nodes(server)

    def work(over: threading.Event) -> None:
        while not over.wait(0.3):
            try:
                nodes.look()
                operator.look()
            except AssertionError:
                continue  # something went while it was looked at

    with meanwhile(work):
        yield operator
