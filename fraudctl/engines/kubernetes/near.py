"""A command of ours where Kafka and the stores are reached: a Job, made for it and deleted after.

Its pod is that of the chart's setup, which is given every secret, without the key that signs and without
what people are told with; what it does is another thing.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Sequence
from threading import Event
from typing import Final

import yaml

from fraudctl.console import interrupt
from fraudctl.engines.contract import Ended
from fraudctl.engines.kubernetes import given, mounted, programs
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.objects import Object, Seen
from fraudctl.errors import Failed
from fraudctl.waiting import until

LOOK_S: Final = 1.0
_HINT: Final = "see: kubectl describe job {name}"
_KILLED: Final = (
    "it had too little memory, or its machine is gone; what a replay has left then: fraudctl replay --clean"
)
_AT_ONCE: Final = 128 + 9
"""the exit code of what was ended by SIGKILL"""


class WentAway(Failed):
    """The pod of a command was ended at once, so that the command could not clean up."""

    code = "pod_lost"


def run(
    cluster: Cluster,
    manifests: Sequence[Seen],
    arguments: Sequence[str],
    wait_s: float,
    begun: Event | None = None,
    unwanted: Event | None = None,
    look_s: float = LOOK_S,
) -> Ended:
    """How `fraudctl ARGUMENTS` ended there; `begun` is set when it runs, `unwanted` by who gives it up.

    Failed where its pod cannot be had, it goes on for too long, or is given up.
    """
    job = job_of(manifests, arguments, secrets.token_hex(4))
    name = job["metadata"]["name"]
    # Within, as an interrupt may come when the cluster has made it and kubectl has not said so yet.
    with interrupt.by_any_end():
        try:
            cluster.ask(["create", "-f", "-"], yaml.safe_dump(job, sort_keys=False))
            return ended(cluster, name, wait_s, begun, unwanted, look_s)
        finally:
            cluster.ask(["delete", "job", name, "--wait=false", "--ignore-not-found"])


def ended(
    cluster: Cluster,
    name: str,
    wait_s: float,
    begun: Event | None = None,
    unwanted: Event | None = None,
    look_s: float = LOOK_S,
) -> Ended:
    """How the command of that Job ended, once it has. Raises as `run`."""

    def code() -> tuple[int] | None:
        if unwanted is not None and unwanted.is_set():
            raise Failed("the command was given up", hint="give it again")
        return _exit_code(cluster, name, begun or Event())

    found = until(code, wait_s, lambda: _late(name, wait_s), look_s)
    return Ended(found[0], cluster.ask(["logs", f"job/{name}"]))


def job_of(manifests: Sequence[Seen], arguments: Sequence[str], mark: str) -> Object:
    """The Job of a command that may need any store."""
    job = manifest(manifests, arguments, mark, mounted.COMMAND)
    given.drop_secrets(job, mounted.NOT_FOR_COMMANDS)
    return job


def manifest(manifests: Sequence[Seen], arguments: Sequence[str], mark: str, program: str) -> Object:
    """The Job of that program, made from those of the chart, with all that the setup is given."""
    [setup] = [one for one in manifests if one["kind"] == "Job"]
    job: Object = copy.deepcopy(dict(setup))
    release, _, _ = job["metadata"]["name"].rpartition(f"-{mounted.SETUP}-")
    job["metadata"]["name"] = f"{release}-{program}-{mark}"
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        metadata["labels"][programs.COMPONENT] = program
    job["spec"] |= {"backoffLimit": 0, "ttlSecondsAfterFinished": 3_600}
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    pod["restartPolicy"] = "Never"
    container["name"] = program
    container["command"] = [*container["command"][:-1], program, *arguments]
    return job


def _exit_code(cluster: Cluster, name: str, begun: Event) -> tuple[int] | None:
    """None while it goes on. Failed where its pod cannot begin, or went away.

    The Job is asked first: what it says of its pod is true of that when the pod is asked.
    """
    job = cluster.find("job", name)
    if job is None:
        raise Failed("the Job of the command was deleted", hint="somebody, or fraudctl down, has ended it")
    for pod in cluster.get("pods", f"job-name={name}"):
        for container in pod["status"].get("containerStatuses", ()):
            if (code := _code_of(container["state"], name, begun)) is not None:
                return (code,)
    status = job.get("status", {})
    if status.get("failed"):
        raise WentAway("the pod of the command went away", hint=_KILLED)
    if status.get("succeeded"):
        raise Failed("the pod of the command is gone, and what it answered", hint="give it again")
    return None


def _code_of(state: Seen, name: str, begun: Event) -> int | None:
    """Of a container in that state, None while it goes on."""
    if "waiting" not in state:
        begun.set()
    if end := state.get("terminated"):
        if end["exitCode"] == _AT_ONCE:
            said = end.get("reason", "nobody says why")
            raise WentAway(f"the command was killed: {said}", hint=_KILLED)
        return int(end["exitCode"])
    reason = state.get("waiting", {}).get("reason", "")
    if reason in programs.NEVER:
        raise Failed(f"the pod of the command cannot start: {reason}", hint=_HINT.format(name=name))
    return None


def _late(name: str, wait_s: float) -> Failed:
    return Failed(f"the command has not ended after {wait_s:.0f} s", hint=_HINT.format(name=name))
