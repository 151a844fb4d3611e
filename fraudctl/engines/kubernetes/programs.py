"""The programs of a release: Deployments and Flink's pods, and how each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.objects import Object, Seen
from fraudctl.errors import UsageError

COMPONENT: Final = "app.kubernetes.io/component"
FLINK: Final = ("flink-jobmanager", "flink-taskmanager")
NO_PROGRAMS: Final = frozenset({"setup", "command", "flink", "replay", "replay-flink", "rules", "rules-log"})
_ENDLESS: Final = frozenset({"CrashLoopBackOff", "Error", "CreateContainerError", "RunContainerError"})
NEVER: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
)
"""why a container waits that will never start"""


def states(cluster: Cluster) -> dict[str, ProgramState]:
    """How every program is, asked once."""
    objects = cluster.get("deployments.apps,pods")
    pods: dict[str, list[Object]] = {}
    for one in objects:
        if one["kind"] == "Pod" and (name := _program_of(one)) not in NO_PROGRAMS:
            pods.setdefault(name, []).append(one)
    wanted = {
        one["metadata"]["labels"][COMPONENT]: int(one["spec"].get("replicas", 1))
        for one in objects
        if one["kind"] == "Deployment" and _program_of(one) not in NO_PROGRAMS
    }
    names = {*wanted, *(name for name in pods if name in FLINK)}
    return {name: _state(name, wanted.get(name, 1), pods.get(name, [])) for name in sorted(names)}


def selector(cluster: Cluster, program: str) -> str:
    """What the pods of a program bear."""
    if program in FLINK:
        return f"{cluster.place.selector},component={program.removeprefix('flink-')}"
    return f"{cluster.place.selector},{COMPONENT}={program}"


def check(cluster: Cluster, program: str) -> str:
    """The program's name; UsageError where there is none."""
    there = states(cluster)
    if program not in there:
        raise UsageError(f"there is no server or program {program!r}", hint=f"there are: {', '.join(there)}")
    return program


def never_starts(pods: Sequence[Seen]) -> str:
    """Why one of these pods will never start, empty where nothing says so."""
    return next((reason for reason in _reasons(pods) if reason in NEVER), "")


def _program_of(it: Seen) -> str:
    labels = it["metadata"].get("labels", {})
    if labels.get(COMPONENT) == "flink" and "component" in labels:
        return f"flink-{labels['component']}"
    return str(labels.get(COMPONENT, ""))


def _state(name: str, replicas: int, pods: Sequence[Seen]) -> ProgramState:
    """Of several pods the program runs when one does its work."""
    there = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    if replicas == 0:
        return ProgramState(name, Condition.STOPPING if pods else Condition.STOPPED)
    started_s = max((_seconds(pod["status"].get("startTime")) for pod in there), default=0)
    if any(_is_ready(pod) for pod in there):
        return ProgramState(name, Condition.RUNNING, started_s=started_s)
    reasons = list(_reasons(there))
    for known, condition in ((NEVER, Condition.FAILED), (_ENDLESS, Condition.FAILING)):
        if found := next((reason for reason in reasons if reason in known), None):
            return ProgramState(name, condition, started_s=started_s, reason=found)
    return ProgramState(name, Condition.STARTING, started_s=started_s, reason=next(iter(reasons), ""))


def _is_ready(pod: Seen) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _reasons(pods: Iterable[Seen]) -> Iterable[str]:
    """Why containers wait, in Kubernetes' words; why a pod has no machine, where it has none."""
    for pod in pods:
        for container in pod["status"].get("containerStatuses", ()):
            if waiting := container.get("state", {}).get("waiting"):
                yield waiting.get("reason", "")
        for condition in pod["status"].get("conditions", ()):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield condition.get("reason", "")


def _seconds(moment: str | None) -> int:
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()) if moment else 0
