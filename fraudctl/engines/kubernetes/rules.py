"""A command about the live rules, given elsewhere: a Job in whose pod it is run for who asks.

The pod is given Kafka's secrets and the key of the release, which signs, and no store's. Files of who asks
come in a ConfigMap that the Job owns, with who that is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from fraudctl.console import interrupt
from fraudctl.engines.contract import Ended
from fraudctl.engines.kubernetes import given, mounted, near
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.objects import Object, Seen
from fraudctl.errors import Failed, UsageError
from fraudctl.jobs.askers import Asker

MOST_BYTES: Final = 1_000_000
"""of all files together: a ConfigMap may have 1 MiB, its names included"""
RESOURCES: Final = {
    "requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    "limits": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"},
}
"""of the command: a comparison with a shadow keeps what it compares"""
_SECRETS: Final = ("kafka", "registry", "signing")
_SECRETS_OF_LOG: Final = ("kafka",)
_VOLUME: Final = "given"
_LOOK: Final = "what came into force tells: fraudctl rules history"


def run(
    cluster: Cluster,
    manifests: Sequence[Seen],
    arguments: Sequence[str],
    files: Mapping[str, str],
    asker: Asker,
    wait_s: float,
    look_s: float = near.LOOK_S,
) -> Ended:
    """How `fraudctl ARGUMENTS` ended there, for that person; a word that is a file's name is its path there.

    UsageError where the files are too large. Failed where its pod cannot be had, or it goes on for too long.
    """
    _refuse_large(files)
    job = job_of(manifests, [_there(word, files) for word in arguments], secrets.token_hex(4), wait_s)
    told = {**files, mounted.ASKER: json.dumps(asker.as_document(), ensure_ascii=False)}
    return _run(cluster, job, told, wait_s, look_s)


def job_of(manifests: Sequence[Seen], arguments: Sequence[str], mark: str, wait_s: float) -> Object:
    """The Job of the command, which reaches Kafka and asks the live job's Flink which steps that has."""
    return _job(manifests, arguments, mark, wait_s, mounted.RULES, _SECRETS)


def log_job_of(manifests: Sequence[Seen], mark: str, wait_s: float) -> Object:
    """The Job that reads and writes the topic for who signs elsewhere: it has no key and runs no command."""
    return _job(manifests, (), mark, wait_s, mounted.RULES_LOG, _SECRETS_OF_LOG)


def _job(
    manifests: Sequence[Seen],
    arguments: Sequence[str],
    mark: str,
    wait_s: float,
    program: str,
    wanted: Sequence[str],
) -> Object:
    job = near.manifest(manifests, arguments, mark, program)
    given.limit(job, wait_s, RESOURCES, wanted, (_VOLUME, mounted.GIVEN))
    return job


def carry(
    cluster: Cluster,
    manifests: Sequence[Seen],
    signed: bytes | None,
    wait_s: float,
    look_s: float = near.LOOK_S,
) -> str:
    """What `fraudctl.jobs.rules_log` tells there, with that record written before, if any.

    The pod has no key: what is signed elsewhere is written as it is. Raises as `run`.
    """
    files = {} if signed is None else {mounted.RECORD: signed.decode()}
    _refuse_large(files)
    job = log_job_of(manifests, secrets.token_hex(4), wait_s)
    ended = _run(cluster, job, files, wait_s, look_s)
    if ended.exit_code != 0:
        raise Failed(f"the topic of rules was not reached: {ended.output.strip()[-500:]}", _LOOK)
    return ended.output


def _run(cluster: Cluster, job: Seen, files: Mapping[str, str], wait_s: float, look_s: float) -> Ended:
    name = job["metadata"]["name"]
    # Within, as an interrupt may come when the cluster has made it and kubectl has not said so yet.
    with interrupt.by_any_end():
        try:
            given.make(cluster, job, [given.files_of(job, files)])
            return _ended(cluster, name, wait_s, look_s)
        finally:
            gone = [f"job/{name}", f"configmap/{name}"]
            cluster.ask(["delete", *gone, "--wait=false", "--ignore-not-found"])


def _ended(cluster: Cluster, name: str, wait_s: float, look_s: float) -> Ended:
    """Who does not hear how it ended is told where to look: it may have written before."""
    try:
        return near.ended(cluster, name, wait_s, look_s=look_s)
    except Failed as failure:
        raise Failed(failure.message, _LOOK, failure.code, failure.exit_code) from failure


def _there(word: str, files: Mapping[str, str]) -> str:
    return str(mounted.GIVEN / word) if word in files else word


def _refuse_large(files: Mapping[str, str]) -> None:
    size = sum(len(text.encode()) for text in files.values())
    if size > MOST_BYTES:
        raise UsageError(
            f"what is handed over has {size:,} bytes, and a Job is given {MOST_BYTES:,} at most",
            hint="have it in the toolbox: kubectl cp FILE to its /tmp, kubectl exec … -- fraudctl rules …",
            code="too_large",
        )
