"""A cluster as `kubectl` reaches it: one context, one namespace, one release of the chart.

Whatever a person may do there a command may do, by the same kubeconfig and the same plug-ins for logins.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from fraudctl.engines.kubernetes.chart import Manifest, Release
from fraudctl.engines.kubernetes.objects import Object, Seen
from fraudctl.errors import Failed

ANSWER_S: Final = 60.0
INSTALL: Final = "install kubectl, and have a kubeconfig that names the cluster"
MANAGER: Final = "fraudctl"
"""who owns the fields that are applied, in Kubernetes' words"""
_LINES: Final = 12
_DIFFERS: Final = 1
"""how kubectl ends that has shown a difference; so it ends too where it could not even begin"""
_OF_THE_CLIENT: Final = re.compile(r"[EW][0-9]{4} ")
"""how a line begins that kubectl's library has logged; kubectl says the same in words of its own"""
_PRUNED: Final = (
    "flinkdeployments.flink.apache.org",
    "deployments",
    "jobs",
    "services",
    "configmaps",
    "poddisruptionbudgets",
    "networkpolicies",
    "rolebindings",
    "roles",
    "serviceaccounts",
)
"""what the chart makes and may make no more"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a release is; without a context it is the kubeconfig's current one."""

    namespace: str
    release: str
    context: str | None = None

    @property
    def of_chart(self) -> Release:
        return {"name": self.release, "namespace": self.namespace}

    @property
    def selector(self) -> str:
        """What all objects of the release bear."""
        return f"app.kubernetes.io/name=fraudctl,app.kubernetes.io/instance={self.release}"


class Cluster:
    """Asks and tells the API server. Every method raises Failed where that does not answer, or refuses."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def plan(self, manifests: Sequence[Manifest]) -> str:
        """What an `apply` would change, as a diff; empty where nothing would. Nothing is changed."""
        argv = ["diff", "--server-side", "--force-conflicts", "--field-manager", MANAGER, "-f", "-"]
        done = self._run(argv, _text(manifests))
        if done.returncode not in (0, _DIFFERS) or (done.returncode and not done.stdout.strip()):
            raise _refusal(done)
        return done.stdout

    def apply(self, manifests: Sequence[Manifest], dry_run: bool = False) -> list[str]:
        """Make these objects so, and remove those of the release that are none of them; what was done."""
        argv = ["apply", "--server-side", "--force-conflicts", "--field-manager", MANAGER, "-f", "-"]
        done = self.ask([*argv, *(["--dry-run=server"] if dry_run else [])], _text(manifests)).splitlines()
        return done if dry_run else [*done, *self._prune(manifests)]

    def get(self, kinds: str, selector: str | None = None) -> list[Object]:
        """The release's objects of these kinds, separated by commas."""
        said = self.ask(["get", kinds, "-l", selector or self.place.selector, "-o", "json"])
        items: list[Object] = json.loads(said)["items"]
        return items

    def find(self, kind: str, name: str) -> Object | None:
        """One object by its name, None where there is none."""
        said = self.ask(["get", kind, name, "-o", "json", "--ignore-not-found"])
        found: Object | None = json.loads(said) if said.strip() else None
        return found

    def patch(self, kind: str, name: str, change: Seen) -> None:
        """Change fields of one object and leave the others."""
        argv = ["patch", kind, name, "--type", "merge", "--field-manager", MANAGER]
        self.ask([*argv, "-p", json.dumps(change)])

    def delete(self, selector: str, kinds: str, *more: str) -> None:
        self.ask(["delete", kinds, "-l", selector, "--ignore-not-found", *more])

    def ask(self, argv: Sequence[str], text: str | None = None, wait_s: float = ANSWER_S) -> str:
        """What kubectl answers. Failed with its last words."""
        done = self._run(argv, text, wait_s)
        if done.returncode != 0:
            raise _refusal(done)
        return done.stdout

    def command(self, argv: Sequence[str]) -> list[str]:
        """The whole command line of a question."""
        context = ["--context", self.place.context] if self.place.context else []
        return ["kubectl", *context, "--namespace", self.place.namespace, *argv]

    def _run(
        self, argv: Sequence[str], text: str | None = None, wait_s: float = ANSWER_S
    ) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self.command(argv),
                input=text,
                stdin=None if text is not None else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=wait_s,
            )
        except FileNotFoundError as error:
            raise Failed("there is no kubectl on the PATH", hint=INSTALL, code="no_kubectl") from error
        except subprocess.TimeoutExpired as error:
            raise Failed(
                f"the cluster has not answered for {wait_s:.0f} s", hint="see: kubectl cluster-info"
            ) from error

    def _prune(self, manifests: Sequence[Manifest]) -> Iterator[str]:
        wanted = {(one["kind"], one["metadata"]["name"]) for one in manifests}
        for found in self.get(",".join(_PRUNED)):
            kind, name = found["kind"], found["metadata"]["name"]
            if (kind, name) not in wanted and "ownerReferences" not in found["metadata"]:
                self.ask(["delete", kind, name, "--wait=false", "--ignore-not-found"])
                yield f"{kind.lower()}/{name} deleted"

    def remove(self) -> None:
        """Delete every object of the release, the job's first."""
        for kinds in (_PRUNED[0], ",".join(_PRUNED[1:])):
            self.delete(self.place.selector, kinds, "--wait=false")


def _text(manifests: Sequence[Manifest]) -> str:
    return yaml.safe_dump_all(manifests, sort_keys=False)


def _refusal(done: subprocess.CompletedProcess[str]) -> Failed:
    lines = list(dict.fromkeys(line.strip() for line in done.stderr.splitlines() if line.strip()))
    lines = [line for line in lines if not _OF_THE_CLIENT.match(line)] or lines
    told = "".join(f"\n  {line}" for line in lines[-_LINES:])
    hint = "" if os.environ.get("KUBECONFIG") else "see: kubectl config get-contexts"
    return Failed(f"the cluster refused:{told}", hint=hint, code="refused")
