"""Whom Prometheus is to ask of a stack: a file that each `up` writes anew, read as soon as it changes."""

from __future__ import annotations

import json

from fraudctl.home.stack import LOOPBACK, METRICS, Stack

_FLINKS = "-metrics"
"""what the roles of Flink's ports for metrics end with, after the name of the process"""


def of(stack: Stack) -> dict[str, str]:
    """The address of each program that answers `/metrics`, by its name, which is its host in containers."""
    ports = dict(stack.ports.get(METRICS, {}))
    if "kafka" not in stack.addresses:
        ports = {}
    elif not stack.runs_jobs:
        ports.pop("keeper", None)
    for role, port in stack.ports.get("flink", {}).items():
        if role.endswith(_FLINKS):
            ports["flink-" + role.removesuffix(_FLINKS)] = port
    here = stack.metrics_host == LOOPBACK
    return {program: f"{LOOPBACK if here else program}:{port}" for program, port in sorted(ports.items())}


def text(stack: Stack) -> str:
    """The file: a group for each program, which is its label."""
    groups = [
        {"targets": [address], "labels": {"program": program}} for program, address in of(stack).items()
    ]
    return json.dumps(groups, indent=2) + "\n"
