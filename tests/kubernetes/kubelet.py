"""A node whose pods are what a stack on this machine has, so that commands near the data do what they say.

A pod of a program stands for that program of the stack: a pod that is gone kills it, none that is wanted
stops it, and a pod is ready when it works. The Job of a command runs that command in the home of the stack,
and the API server asks for its log here, as it asks a kubelet.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from fraudctl import engines
from fraudctl.engines.kubernetes import mounted
from fraudctl.engines.kubernetes.programs import COMPONENT
from fraudctl.home.stack import Stack
from tests.api_server import NAMESPACE, ApiServer
from tests.certificates import Authority
from tests.kubernetes.doubles import Nodes
from tests.threads import serving

NODE = "here"


class Kubelet(Nodes):
    """Looks as the others do; `folder` keeps the logs."""

    leaves = (*Nodes.leaves, f"-{mounted.COMMAND}-")

    def __init__(self, server: ApiServer, stack: Stack, folder: Path) -> None:
        super().__init__(server)
        self._stack, self._engine, self._folder = stack, engines.of(stack), folder
        self._commands: dict[str, subprocess.Popen[bytes]] = {}
        self._had: dict[str, set[str]] = {}

    def works(self, program: str) -> bool:
        there = self._engine.programs(self._stack)
        return program not in there or there[program].runs

    def look(self) -> None:
        for deployment in self._server.get("deployments"):
            self._strike(deployment["metadata"]["labels"][COMPONENT], deployment["spec"]["replicas"])
        super().look()
        jobs = self._server.get("jobs", "-l", f"{COMPONENT}={mounted.COMMAND}")
        for job in jobs:
            self._run(job)
        for name in self._commands.keys() - {job["metadata"]["name"] for job in jobs}:
            self._end_command(name)

    def stop(self) -> None:
        for name in list(self._commands):
            self._end_command(name)

    def _strike(self, program: str, replicas: int) -> None:
        """Do to the program of the stack what was done to its pods."""
        state = self._engine.programs(self._stack).get(program)
        if state is None:
            return
        pods = {it["metadata"]["name"] for it in self._server.get("pods", "-l", f"{COMPONENT}={program}")}
        lost = self._had.get(program, set()) - pods
        self._had[program] = pods
        if replicas == 0 and state.is_wanted:
            self._engine.stop(self._stack, program)
        elif replicas and not state.is_wanted:
            self._engine.start(self._stack, program)
        elif replicas and lost:
            self._engine.kill(self._stack, program)

    def _run(self, job: Mapping[str, Any]) -> None:
        name = job["metadata"]["name"]
        if name not in self._commands:
            self._begin_command(name, job["spec"]["template"])
        code = self._commands[name].poll()
        state = {"running": {}} if code is None else {"terminated": {"exitCode": code}}
        [container] = job["spec"]["template"]["spec"]["containers"]
        status = {"name": container["name"], "image": "", "imageID": "", "ready": False, "restartCount": 0}
        told = {"phase": "Running", "containerStatuses": [{**status, "state": state}]}
        self._server.patch_status("pod", name, told)

    def _begin_command(self, name: str, template: Mapping[str, Any]) -> None:
        metadata = {"name": name, "labels": template["metadata"]["labels"]}
        spec = {**template["spec"], "nodeName": NODE}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        self._server.kubectl("create", "-n", NAMESPACE, "-f", "-", text=yaml.safe_dump(pod))
        [container] = spec["containers"]
        words = container["command"][container["command"].index(mounted.COMMAND) + 1 :]
        argv = [sys.executable, "-m", "fraudctl", *words, "--home", str(self._stack.home)]
        with (self._folder / name).open("wb") as log:
            self._commands[name] = subprocess.Popen(argv, stdout=log, stderr=subprocess.DEVNULL)

    def _end_command(self, name: str) -> None:
        process = self._commands.pop(name)
        process.kill()
        process.wait()
        self._end(name)


@contextmanager
def node(server: ApiServer, folder: Path) -> Iterator[None]:
    """The node of those pods, which gives the API server their logs."""
    made = Authority(folder / "certificates").issue("kubelet")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), _giving(folder))
    endpoint.socket = context.wrap_socket(endpoint.socket, server_side=True)
    its = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    server.kubectl("create", "-f", "-", text=yaml.safe_dump(its))
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": endpoint.server_address[1]}},
    }
    change = ["--subresource=status", "--type=merge", "-p", json.dumps({"status": status})]
    server.kubectl("patch", "node", NODE, *change)
    try:
        with serving(endpoint):
            yield
    finally:
        server.kubectl("delete", "node", NODE)


def _giving(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Logs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, _, pod, *_ = self.path.strip("/").split("?")[0].split("/")
            text = (folder / pod).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Not on the terminal of a test."""

    return Logs
