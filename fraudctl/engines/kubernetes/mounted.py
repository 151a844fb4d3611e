"""What a pod finds mounted, and the stack that its program makes of it, in a home that is the pod's own.

No home lasts longer than a pod: the profile and the secrets are mounted, and configurations are written anew
at each start, for one program. It is told what is its own to know. The settings of other stores, and the
files these name, which are not mounted there, are left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fraudctl.engines import chosen, workers
from fraudctl.errors import Failed, ProfileError
from fraudctl.home import jobs
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import METRICS, Paths, Stack
from fraudctl.settings import reading
from pipeline.settings.document import DocumentError, read_file

NAME: Final = "kubernetes"
FOLDER: Final = Path("/etc/fraudctl")
"""where profile, rule set and job are mounted, and the secrets in folders of their own below `secrets`"""
METRICS_PORT: Final = 9400
"""of every program of ours, each in a pod of its own"""
REST_PORT: Final = 8081
SETUP, TOOLBOX, FLINK, NOTIFIER = "setup", "toolbox", "flink", "notifier"
COMMAND: Final = "command"
"""a command line of ours, run to its end"""
REPLAY, REPLAY_FLINK = "replay", "replay-flink"
"""a replay beside the live job, and the Flink that it is given"""
RULES: Final = "rules"
"""a command that changes the live rules or tells of them, for somebody elsewhere"""
RULES_LOG: Final = "rules-log"
"""reads the topic of rules, and writes what was signed elsewhere"""
GIVEN: Final = FOLDER / "given"
"""where it finds the files that it is given, and who asks"""
ASKER: Final = "asked-by.json"
RECORD: Final = "record"
"""what was signed, to be written"""
NO_FLINK: Final = "-"
"""in the place of that one's name: what is asked for hands no job to any"""
RULE_SETS: Final = FOLDER / "rule-sets"
"""where a replay finds rule sets that it is given, each in a file named by its hash"""
KNOW_ALL: Final = frozenset({SETUP, TOOLBOX})
"""programs that reach every store, and are given every secret"""
NOT_FOR_COMMANDS: Final = ("signing", "notify")
"""what a command needs of no secret, which may reach every store too: it signs nothing and tells nobody"""
_WITH_REGISTRY: Final = (FLINK, REPLAY, RULES)
NOBODY: Final = ""
"""who has no secret at all: whoever reads a profile outside the cluster"""
JOB_NAME: Final = "job.yaml"
PROFILE_NAME: Final = "profile.yaml"


_LAX: Final = ConfigDict(extra="forbid")
"""strict of names alone: what YAML has as a list is a tuple here"""


@dataclass(frozen=True, slots=True)
class MountedJob:
    """What the chart says of the live job beside the profile."""

    cluster: str
    """the name of the FlinkDeployment"""
    run: int
    """the number of the history that the job is in: another one for each start without state"""
    hops: tuple[str, ...] = ()

    __pydantic_config__ = _LAX


class Unmounted(Failed):
    """A pod lacks what its program needs."""

    code = "not_mounted"


def stack_of(home: Path, program: str, folder: Path = FOLDER, cluster: str | None = None) -> Stack:
    """The stack as a program sees it in its pod, with all that it reads at its start written into the home.

    `cluster` is the name of a Flink that is not the live job's. Raises ProfileError, Unmounted.
    """
    job = job_of(folder)
    path = folder / PROFILE_NAME
    content = seen_by(_content(path), program)
    profile = reading.check(content, path, environ=os.environ)
    ours = chosen.required(profile, ("flink",))
    if missing := [name for name in ours if name == "kafka" or name in profile.sinks]:
        raise Unmounted(
            f"Kubernetes runs no {', '.join(missing)}",
            hint=f"say where it is: servers.{missing[0]}.external in the profile",
        )
    flink = f"{cluster or job.cluster}-rest:{REST_PORT}"
    addresses = chosen.external_addresses(profile, ()) | {"flink": flink}
    ports = {METRICS: dict.fromkeys(_with_metrics(profile.sinks), METRICS_PORT)}
    stack = Stack(home, profile, addresses, ports, extra={"ready": True}, engine=NAME)
    _fill(stack, job.run)
    return stack


def job_of(folder: Path = FOLDER) -> MountedJob:
    """What is mounted of the live job. Raises Unmounted where that cannot be used."""
    path = folder / JOB_NAME
    try:
        return TypeAdapter(MountedJob).validate_python(read_file(path).content)
    except (DocumentError, ValidationError) as error:
        raise Unmounted(f"{path} cannot be used: {error}", hint="see docs/kubernetes.md") from None


def seen_by(content: Mapping[str, Any], program: str) -> dict[str, Any]:
    """A profile's content as one program is told it: every name, and of stores only what is its own."""
    if program in KNOW_ALL:
        return dict(content)
    if program == COMMAND:
        return _without_key({name: value for name, value in content.items() if name != "notify"})
    if program == NOBODY:
        # Who must approve is looked at where rules change; those who may are in no file here.
        content = {name: one for name, one in _without_files_of_kafka(content).items() if name != "approval"}
    own = program.removeprefix("sink-") if program.startswith("sink-") else _store_of(program)
    shown = {name: value for name, value in content.items() if name != "notify" or program == NOTIFIER}
    if program not in _WITH_REGISTRY:
        shown.pop("schema_registry", None)
    if program != RULES:
        shown = _without_key(shown)
    if "sinks" in content:
        shown["sinks"] = {
            sink: settings if sink == own else {} for sink, settings in (content["sinks"] or {}).items()
        }
    shown["servers"] = {
        name: server if name in ("kafka", own) else _address_alone(server)
        for name, server in (content.get("servers") or {}).items()
    }
    return shown


def _without_key(content: Mapping[str, Any]) -> dict[str, Any]:
    """Whose rules count, and nothing to sign with."""
    told = content.get("signing") or {}
    kept = {name: one for name, one in told.items() if name != "key"}
    return {**content, **({"signing": kept} if "key" in told else {})}


def _store_of(program: str) -> str:
    """The store whose alerts the notifier reads; no other program reaches any."""
    return "dynamodb" if program == NOTIFIER else ""


def _address_alone(server: Any) -> Any:
    external = server.get("external") if isinstance(server, Mapping) else None
    return {"external": {"address": external["address"]}} if external and "address" in external else server


def _without_files_of_kafka(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where Kafka is, and nothing of how it lets anybody in."""
    servers = content.get("servers") or {}
    external = (servers.get("kafka") or {}).get("external") or {}
    kept = {name: external[name] for name in ("bootstrap", "address") if name in external}
    return {**content, "servers": {**servers, "kafka": {"external": {**kept, "security": "plaintext"}}}}


def _content(path: Path) -> Mapping[str, Any]:
    try:
        found = read_file(path).content
    except DocumentError as error:
        raise ProfileError(str(path), [error]) from None
    return found if isinstance(found, Mapping) else {}


def _with_metrics(sinks: Mapping[str, object]) -> list[str]:
    return ["ticker", NOTIFIER, workers.EXPORTER, *map(workers.program, sinks)]


def _fill(stack: Stack, run: int) -> None:
    """Folders and files of the home. The job is wanted, in that run, as far as this pod can know."""
    paths = Paths(stack.home)
    for folder in (paths.home, paths.run, paths.logs, paths.jobs, paths.secrets, paths.home / "data"):
        make_folder(folder)
    stack.save()
    workers.write_configurations(stack)
    if jobs.wanted_live(stack).wanted != "running":
        jobs.want(stack, wanted="running", restore="latest")
    jobs.begin_run(stack, run, jobs.Beginning())
