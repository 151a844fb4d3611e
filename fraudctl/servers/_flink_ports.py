"""The ports of a local Flink by their roles: which there are, and on which of them TaskManagers act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fraudctl.flink.cluster import TASKMANAGER, Setting, taskmanagers

ROLES: Final[Mapping[str, int]] = {
    "rest": 18081,
    "rpc": 18082,
    "jobmanager-metrics": 18083,
    "taskmanager-metrics": 18084,
    "blob": 18180,
    "data": 18190,
}
_ANY: Final = 0


def of_workers(ports: Mapping[str, int], count: int) -> dict[str, int]:
    """The same with those of more TaskManagers than one: what is set is the first one's, theirs follow."""
    found = dict(ports)
    for number, name in enumerate(taskmanagers(count)[1:], 1):
        for role in (metrics_role, data_role):
            found[role(name)] = found[role(TASKMANAGER)] + number
    return found


def metrics_role(program: str) -> str:
    """The role of the port on which a process of Flink answers `/metrics`."""
    return program.removeprefix("flink-") + "-metrics"


def data_role(program: str) -> str:
    """The role of the port on which a TaskManager hands events to others."""
    return "data" + program.removeprefix(TASKMANAGER)


def is_for_workers(role: str) -> bool:
    """Whether a TaskManager connects to the port of this role."""
    return role in ("rpc", "blob") or role.startswith("data")


def is_of_workers(role: str) -> bool:
    """Whether a TaskManager listens on the port of this role."""
    return role.startswith(("taskmanager", "data"))


def settings(ports: Mapping[str, int]) -> dict[str, Setting]:
    """What both processes are told. One in a container has its ports to itself and takes any for files."""
    return {
        "rest.port": ports["rest"],
        "rest.bind-port": ports["rest"],
        "jobmanager.rpc.port": ports["rpc"],
        "blob.server.port": str(ports.get("blob", _ANY)),
    }


def data_argument(ports: Mapping[str, int], program: str) -> list[str]:
    """What a TaskManager is told on its command line."""
    return ["-D", f"taskmanager.data.port={ports.get(data_role(program), _ANY)}"]
