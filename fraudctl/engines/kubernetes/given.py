"""What the Job of a command is given beside the setup's pod: objects of its own, and a part of the secrets.

The Job owns those objects, so all goes with it, also where whoever made it is gone without a word.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.objects import Object, Seen

_SECRET: Final = "secret-"
"""how volumes of secrets are called in the chart"""


def make(cluster: Cluster, job: Seen, owned: Sequence[Object]) -> None:
    """The Job, then what goes with it. Raises Failed."""
    text = yaml.safe_dump(job, sort_keys=False)
    made = json.loads(cluster.ask(["create", "-o", "json", "-f", "-"], text))
    for one in owned:
        one["metadata"]["ownerReferences"] = [_owner(made)]
    if owned:
        cluster.ask(["create", "-f", "-"], yaml.safe_dump_all(owned, sort_keys=False))


def files_of(job: Seen, data: Mapping[str, str]) -> Object:
    """A ConfigMap of the Job's name with these files."""
    metadata = {"name": job["metadata"]["name"], "labels": job["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def limit(
    job: Object,
    wait_s: float,
    resources: Mapping[str, Mapping[str, str]],
    wanted: Collection[str],
    files: tuple[str, Path],
) -> None:
    """It ends after so long, has those resources and secrets alone, and its files as that volume there."""
    job["spec"]["activeDeadlineSeconds"] = int(wait_s)
    [container] = job["spec"]["template"]["spec"]["containers"]
    container["resources"] = resources
    keep_secrets(job, wanted)
    mount_files(job, *files)


def mount_files(job: Object, volume: str, place: Path) -> None:
    """Its pod finds the files of that ConfigMap there."""
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    pod["volumes"].append({"name": volume, "configMap": {"name": job["metadata"]["name"]}})
    container["volumeMounts"].append({"name": volume, "mountPath": str(place), "readOnly": True})


def keep_secrets(job: Object, wanted: Collection[str]) -> None:
    """Of the secrets that the setup has these alone are mounted."""
    drop_secrets(job, {one["name"].removeprefix(_SECRET) for one in _secrets(job)} - set(wanted))


def drop_secrets(job: Object, unwanted: Collection[str]) -> None:
    """Those are not mounted."""
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    names = {f"{_SECRET}{name}" for name in unwanted}
    pod["volumes"] = [one for one in pod["volumes"] if one["name"] not in names]
    container["volumeMounts"] = [one for one in container["volumeMounts"] if one["name"] not in names]


def _secrets(job: Seen) -> list[Object]:
    volumes = job["spec"]["template"]["spec"]["volumes"]
    return [one for one in volumes if one["name"].startswith(_SECRET)]


def _owner(made: Seen) -> Object:
    metadata = made["metadata"]
    named = {"name": metadata["name"], "uid": metadata["uid"]}
    return {"apiVersion": made["apiVersion"], "kind": made["kind"], **named}
