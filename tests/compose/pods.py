"""Pods of the rendered chart as containers: what a kubelet makes of a specification, as far as Docker can.

Image, command, arguments, environment, folder, user, groups, root file system, capabilities, memory, mounts,
names in the network and probes are read from the specification. Each start has fresh folders to write to, as
another pod has. Shares of processors are left out, and nobody is there to give a token of an API server.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chart import pods
from tests.compose.conftest import docker

Spec = Mapping[str, Any]
MOST_RESTARTS = 5
GRACE_S = 30
"""what Kubernetes gives a pod that says nothing of it"""
# What makes a kernel another one: other sources, by which its jar is named, and other bytes.
NEXT_KERNEL = """
import pathlib, shutil, zipfile
import pipeline
from fraudctl.servers import flink
cache = pathlib.Path("/opt/cache")
before = flink.job_jars(cache)[0]
source = sorted((pathlib.Path(pipeline.__file__).parent / "kernel").rglob("*.java"))[0]
source.write_text(source.read_text() + "// the next one\\n")
after = flink.job_jars(cache)[0]
assert before != after
shutil.copy(before, after)
with zipfile.ZipFile(after, "a") as jar:
    jar.writestr("next", "")
before.unlink()
"""
_MEMORY = re.compile(r"(\d+)(Mi|Gi|m)?")


@dataclass
class Pods:
    """Containers of one release in a network; `secrets` are files by the name of their Secret."""

    folder: Path
    network: str
    secrets: Mapping[str, Mapping[str, str]]
    specs: dict[str, Spec] = field(default_factory=dict)
    """of what was started last under a name"""

    def start(self, name: str, spec: Spec, objects: list[dict[str, Any]], more: Sequence[str] = ()) -> None:
        """In the place of what ran under that name; `more` are words for `docker run`."""
        self.end(name)
        [container] = spec["containers"]
        own = self._words(name, spec, objects)
        aliases = [word for alias in sorted(aliases_of(name, objects)) for word in ("--network-alias", alias)]
        command = [*container.get("command", ()), *container.get("args", ())]
        entry = ["--entrypoint", command[0]] if "command" in container else []
        run = ["run", "--detach", "--name", self.container(name), "--network", self.network]
        if spec.get("restartPolicy") != "Never":
            run += ["--restart", f"on-failure:{MOST_RESTARTS}"]
        rest = command[1:] if entry else command
        docker(*run, *aliases, *own, *more, *entry, container["image"], *rest)
        self.specs[name] = spec

    def end(self, name: str) -> None:
        """Gone without time for anything, with all it had written."""
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", self.container(name)], capture_output=True, check=False
        )

    def delete(self, name: str) -> None:
        """Asked to end first, as a pod that is replaced."""
        grace_s = self.specs[name].get("terminationGracePeriodSeconds", GRACE_S)
        docker("stop", "--time", str(grace_s), self.container(name))
        self.end(name)

    def stop(self) -> None:
        for name in self.specs:
            self.end(name)

    def result(self, name: str) -> int:
        """The exit code of one that runs to its end, when it is there."""
        return int(docker("wait", self.container(name)))

    def log(self, name: str) -> str:
        done = subprocess.run(
            ["docker", "logs", "--tail", "2000", self.container(name)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def run(self, name: str, *argv: str, wait_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """A command in the container of that name."""
        words = ["docker", "exec", self.container(name), *argv]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=wait_s)

    def answers(self, name: str, kind: str) -> bool:
        """Whether a probe of that kind is met, asked once from within; so it is where there is none."""
        [container] = self.specs[name]["containers"]
        probe = container.get(kind)
        return probe is None or self.run(name, *probing(container, probe), wait_s=60).returncode == 0

    def container(self, name: str) -> str:
        return f"{self.network}-{name}"

    def _words(self, name: str, spec: Spec, objects: list[dict[str, Any]]) -> list[str]:
        [container] = spec["containers"]
        who = {**spec["securityContext"], **container["securityContext"]}
        assert (who["runAsNonRoot"], who["allowPrivilegeEscalation"]) == (True, False)
        words = ["--user", f"{who['runAsUser']}:{who['runAsGroup']}", "--group-add", str(who["fsGroup"])]
        words += ["--security-opt", "no-new-privileges", *_read_only(who)]
        words += [word for one in who["capabilities"]["drop"] for word in ("--cap-drop", one)]
        words += ["--memory", str(bytes_of(container["resources"]["limits"]["memory"]))]
        words += ["--workdir", container["workingDir"]] if "workingDir" in container else []
        words += [word for one in container["env"] for word in ("--env", f"{one['name']}={one['value']}")]
        volumes = {one["name"]: one for one in spec["volumes"]}
        for mount in container["volumeMounts"]:
            inner = [it["mountPath"] for it in container["volumeMounts"] if it is not mount]
            words += self._mount(name, mount, volumes[mount["name"]], objects, inner)
        return words

    def _mount(
        self, name: str, mount: Spec, volume: Spec, objects: list[dict[str, Any]], others: Sequence[str]
    ) -> list[str]:
        path, who = mount["mountPath"], os.geteuid()
        if "emptyDir" in volume:
            most = bytes_of(volume["emptyDir"]["sizeLimit"])
            return ["--tmpfs", f"{path}:rw,exec,size={most},uid=10001,gid=10001,mode=2777"]
        source = self.folder / name / mount["name"]
        source.mkdir(parents=True, exist_ok=True)
        mode = 0o444 if who else volume.get("secret", {}).get("defaultMode", 0o644)
        for file, text in self._files(volume, objects).items():
            (source / file).write_text(text)
            (source / file).chmod(mode)
            if not who:
                os.chown(source / file, 0, 10001)
        # A kubelet makes the places of mounts that lie in this one.
        for other in others:
            if other.startswith(f"{path}/"):
                (source / other.removeprefix(f"{path}/")).mkdir(parents=True, exist_ok=True)
        return ["--volume", f"{source}:{path}:ro"]

    def _files(self, volume: Spec, objects: list[dict[str, Any]]) -> Mapping[str, str]:
        if "secret" in volume:
            return self.secrets[volume["secret"]["secretName"]]
        wanted = ("ConfigMap", volume["configMap"]["name"])
        [found] = [it for it in objects if (it["kind"], it["metadata"]["name"]) == wanted]
        files: Mapping[str, str] = found["data"]
        return files


def by_name(objects: list[dict[str, Any]]) -> dict[str, Spec]:
    """Every pod's specification."""
    return dict(pods(objects))


def aliases_of(name: str, objects: list[dict[str, Any]]) -> Iterator[str]:
    """The Services that lead to the pods of that Deployment."""
    labels = [it["spec"]["template"]["metadata"]["labels"] for it in objects if _makes_pods(it, name)]
    for it in objects:
        if it["kind"] == "Service" and any(it["spec"]["selector"].items() <= one.items() for one in labels):
            yield it["metadata"]["name"]


def probing(container: Spec, probe: Spec) -> list[str]:
    """A command that asks what a kubelet asks, at the address at which it would."""
    if "exec" in probe:
        return list(probe["exec"]["command"])
    how = probe.get("httpGet") or probe["tcpSocket"]
    ports = {one["name"]: one["containerPort"] for one in container.get("ports", ())}
    port = ports.get(how["port"], how["port"])
    host = "h = socket.gethostbyname(socket.gethostname())"
    asking = f"socket.create_connection((h, {port}), 5)"
    if "path" in how:
        asking = f"urllib.request.urlopen(f'http://{{h}}:{port}{how['path']}', timeout=5)"
    return ["python", "-c", f"import socket, urllib.request; {host}; {asking}"]


def bytes_of(quantity: str) -> int:
    """Of a size; `m` is Flink's word for MiB, which the operator turns into one of Kubernetes'."""
    found = _MEMORY.fullmatch(str(quantity))
    assert found is not None, quantity
    return int(found[1]) * {"Mi": 2**20, "m": 2**20, "Gi": 2**30, None: 1}[found[2]]


def _makes_pods(it: Mapping[str, Any], name: str) -> bool:
    return it["kind"] == "Deployment" and it["metadata"]["name"] == name


def _read_only(who: Spec) -> list[str]:
    return ["--read-only"] if who["readOnlyRootFilesystem"] else []
