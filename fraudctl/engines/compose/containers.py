"""The containers of a home's stack, asked and moved through Docker's interface.

Of several containers of one service, those after the first have their number behind the program's name:
`flink-taskmanager-2`.
"""

from __future__ import annotations

import os
import platform
import socket
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, NotFound

from fraudctl.engines.compose import names
from fraudctl.engines.compose.project import project_name
from fraudctl.engines.compose.services import HELPERS
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import Failed, UsageError

_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_NUMBER = "com.docker.compose.container-number"
ANSWER_S = 60
_CONDITIONS = {
    "created": Condition.STOPPED,
    "running": Condition.RUNNING,
    "paused": Condition.RUNNING,
    "restarting": Condition.FAILING,
    "removing": Condition.STOPPING,
    "exited": Condition.STOPPED,
    "dead": Condition.FAILED,
}

State = Mapping[str, Any]
"""of one container, as Docker tells it"""


class Containers:
    """The containers of one home. Every method raises Failed where Docker does not answer."""

    def __init__(self, home: Path) -> None:
        self._named = {"label": f"{_PROJECT}={project_name(home)}"}

    @cached_property
    def client(self) -> Any:
        """Docker's interface, that of `DOCKER_HOST` or of the docker context in use."""
        try:
            _reach(self._host)
            client = docker.DockerClient(base_url=self._host, version="auto", timeout=ANSWER_S)
        except (DockerException, OSError) as error:
            raise Failed(
                f"Docker does not answer: {error}", hint="start it, or set DOCKER_HOST", code="no_docker"
            ) from error
        weakref.finalize(self, client.close)
        return client

    @cached_property
    def _host(self) -> str:
        return _host()

    def exist(self) -> bool:
        """Whether there is any, running or not."""
        return bool(self._list(sparse=True))

    def all(self) -> dict[str, Any]:
        """The containers of programs by name."""
        found = {}
        for one in self._list():
            service, number = one.labels[_SERVICE], one.labels.get(_NUMBER, "1")
            if service not in HELPERS:
                found[names.program(service, number)] = one
        return dict(sorted(found.items()))

    def one(self, name: str) -> Any:
        """That of one program. UsageError where there is none."""
        there = self.all()
        if name not in there:
            raise UsageError(f"there is no program {name!r}", hint=f"there are: {', '.join(there)}")
        return there[name]

    def states(self) -> dict[str, ProgramState]:
        """How every program is."""
        return {name: self._state(name, one.attrs["State"]) for name, one in self.all().items()}

    def start(self, name: str) -> None:
        self.one(name).start()

    def stop(self, name: str) -> None:
        """Stop one and return when it has ended."""
        self.one(name).stop()

    def kill(self, name: str) -> None:
        """Docker takes a kill for a wish and starts nothing again by itself, so it is asked to."""
        one = self.one(name)
        with suppress(APIError):  # it has just ended by itself
            one.kill()
            one.wait(timeout=ANSWER_S)
        one.start()

    def remove_data(self) -> None:
        """Delete the volumes that are left."""
        for volume in self.client.volumes.list(filters=self._named):
            volume.remove()

    def rootless(self) -> bool:
        """Whether Docker runs as a user, to whom root in a container belongs."""
        return any("rootless" in one for one in self.client.info().get("SecurityOptions") or ())

    def has_image(self, name: str) -> bool:
        try:
            self.client.images.get(name)
        except NotFound:
            return False
        return True

    @cached_property
    def are_here(self) -> bool:
        """Whether the containers' processes are processes of this machine, and not of a virtual one."""
        try:
            info = self.client.info()
        except (Failed, DockerException):
            return False
        return (info["KernelVersion"], info["Name"]) == (platform.release(), platform.node())

    def _state(self, name: str, state: State) -> ProgramState:
        condition = _CONDITIONS.get(state["Status"], Condition.UNKNOWN)
        runs = condition is Condition.RUNNING
        reason = state.get("Error") or (unwell(state) if runs else f"ended with {state.get('ExitCode')}")
        pid = state["Pid"] if runs and self.are_here else 0
        return ProgramState(name, condition, pid, int(_seconds(state["StartedAt"])), reason)

    def _list(self, sparse: bool = False) -> list[Any]:
        try:
            client = self.client
            _reach(self._host)
            listed = client.containers.list(all=True, filters=self._named, sparse=sparse, ignore_removed=True)
        # An OSError where it went away since it was first asked.
        except (DockerException, OSError) as error:
            raise Failed(
                f"Docker does not answer: {error}", hint="see: docker info", code="no_docker"
            ) from error
        return list(listed)


def _reach(host: str) -> None:
    """OSError where nobody listens at a socket, of which Docker's client says too much and leaves it open."""
    if host.startswith("unix://"):
        place = host.removeprefix("unix://")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            try:
                listening.connect(place)
            except OSError as error:
                raise OSError(f"{place}: {(error.strerror or str(error)).lower()}") from error


def _host() -> str:
    """Where Docker listens: as for the docker command, the variable first, then the context."""
    if named := os.environ.get("DOCKER_HOST"):
        return named
    context = ContextAPI.get_current_context()
    return str(context.Host) if context is not None else "unix:///var/run/docker.sock"


def unwell(state: State) -> str:
    """What a container's own check of its health says, where it has failed several times; else nothing."""
    health = state.get("Health") or {}
    if health.get("Status") != "unhealthy":
        return ""
    told = (str(one.get("Output", "")).splitlines() for one in health.get("Log") or ())
    said = [line for lines in told for line in lines if line.strip()]
    return f"its check of health fails: {said[-1] if said else 'without a word'}"


def ended_s(container: Any) -> float:
    """When a container last ended, in seconds since 1970; 0 of one that never has."""
    return _seconds(container.attrs["State"]["FinishedAt"])


def _seconds(moment: str) -> float:
    """Seconds since 1970 of Docker's RFC 3339 with up to nine digits; 0 of what never was."""
    if moment.startswith("0001"):
        return 0.0
    whole, _, rest = moment.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{rest or 0}")


def lines(stream: Iterator[bytes]) -> Iterator[str]:
    """The whole lines of a log as its pieces come, then what is left."""
    rest = b""
    for piece in stream:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")
