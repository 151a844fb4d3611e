"""A replay beside the live job: a Flink of its own, and a Job in whose pod the command hands it the work.

That Flink is a FlinkDeployment without a job, a session cluster in the operator's words: made for this one
replay, with the live one's image, settings and account, and without leaders of which another could take over.
The Job owns it, and the rule sets it is given. So all goes with the Job: when the replay has ended, when it
is interrupted, and, where whoever asked for it is gone without a word, an hour after it has ended.
"""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Final

from fraudctl.console import interrupt
from fraudctl.engines.contract import Ended
from fraudctl.engines.kubernetes import given, left, mounted, near, programs
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.deployment import KIND
from fraudctl.engines.kubernetes.objects import Object, Seen
from pipeline.rules.ruleset import content_hash
from pipeline.settings.document import Content

CHECKPOINTS: Final = "execution.checkpointing.dir"
RESOURCES: Final = {
    "requests": {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "64Mi"},
    "limits": {"cpu": "1", "memory": "2Gi", "ephemeral-storage": "1Gi"},
}
"""of the command: it keeps a print of each decision that it compares, and Flink's client runs beside it"""
_NAME_LENGTH: Final = 45
"""of a Flink cluster, at most"""
_OF_THE_LIVE_JOB: Final = ("high-availability.", "kubernetes.operator.")
_VOLUME: Final = "rule-sets"
_SECRETS: Final = ("kafka", "registry")


def run(
    cluster: Cluster,
    manifests: Sequence[Seen],
    arguments: Sequence[str],
    rule_sets: Iterable[Content],
    wait_s: float,
    needs_flink: bool = True,
    look_s: float = near.LOOK_S,
) -> Ended:
    """How `fraudctl ARGUMENTS` ended there, which find these rule sets by their hashes.

    Without `needs_flink` it hands no job to any. Failed where pods cannot be had, or it goes on for too long.
    Nothing is left of it but what it has kept.
    """
    mark = secrets.token_hex(2)
    flink = flink_of(manifests, mark)
    cluster_name = flink["metadata"]["name"] if needs_flink else mounted.NO_FLINK
    job = job_of(manifests, cluster_name, arguments, mark, wait_s)
    name = job["metadata"]["name"]
    owned = [rule_sets_of(job, rule_sets), *([flink] if needs_flink else [])]
    with interrupt.by_any_end(), left.noted(cluster, mark, name) if needs_flink else nullcontext():
        # Within, as an interrupt may come when the cluster has made it and kubectl has not said so yet.
        try:
            given.make(cluster, job, owned)
            return near.ended(cluster, name, wait_s, look_s=look_s)
        finally:
            gone = [f"job/{name}", f"{KIND}/{flink['metadata']['name']}", f"configmap/{name}"]
            cluster.ask(["delete", *gone, "--wait=false", "--ignore-not-found"])


def under_way(cluster: Cluster) -> list[str]:
    """The Jobs of replays that have not ended."""
    found = cluster.get("jobs", f"{cluster.place.selector},{programs.COMPONENT}={mounted.REPLAY}")
    return [it["metadata"]["name"] for it in found if not _has_ended(it)]


def end(cluster: Cluster) -> list[str]:
    """Ask those that are under way to go, which drop their topics then; their names."""
    if names := under_way(cluster):
        cluster.delete(_all(cluster), f"jobs,configmaps,{KIND}", "--wait=false")
    return names


def has_pods(cluster: Cluster) -> bool:
    """Whether a replay, or the Flink of one, still has some."""
    return bool(cluster.get("pods", _all(cluster)))


def flink_of(manifests: Sequence[Seen], mark: str) -> Object:
    """The session cluster, made from the live job's."""
    [live] = [one for one in manifests if one["kind"] == "FlinkDeployment"]
    made: Object = copy.deepcopy(dict(live))
    ending, spec = f"-{mounted.REPLAY}-{mark}", made["spec"]
    made["metadata"]["name"] = f"{made['metadata']['name'][: _NAME_LENGTH - len(ending)]}{ending}"
    for metadata in (made["metadata"], spec["podTemplate"]["metadata"]):
        metadata["labels"][programs.COMPONENT] = mounted.REPLAY_FLINK
    del spec["job"]
    told = {name: one for name, one in spec["flinkConfiguration"].items() if _is_of_any(name)}
    spec["flinkConfiguration"] = told | {CHECKPOINTS: f"{told[CHECKPOINTS].rstrip('/')}/replays"}
    spec["jobManager"]["replicas"] = 1
    return made


def job_of(
    manifests: Sequence[Seen], flink: str, arguments: Sequence[str], mark: str, wait_s: float
) -> Object:
    """The Job of the command, which reaches that Flink and Kafka, and is given no secret of a store."""
    job = near.manifest(manifests, [flink, *arguments], mark, mounted.REPLAY)
    given.limit(job, wait_s, RESOURCES, _SECRETS, (_VOLUME, mounted.RULE_SETS))
    return job


def rule_sets_of(job: Seen, contents: Iterable[Content]) -> Object:
    """A file for each, by its hash."""
    data = {f"{content_hash(one)}.json": json.dumps(one, ensure_ascii=False) for one in contents}
    return given.files_of(job, data)


def _all(cluster: Cluster) -> str:
    """What everything of every replay bears."""
    return f"{cluster.place.selector},{programs.COMPONENT} in ({mounted.REPLAY},{mounted.REPLAY_FLINK})"


def _has_ended(job: Seen) -> bool:
    conditions = job.get("status", {}).get("conditions", ())
    return any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions)


def _is_of_any(setting: str) -> bool:
    return not setting.startswith(_OF_THE_LIVE_JOB)
