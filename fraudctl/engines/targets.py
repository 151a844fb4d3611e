"""Whom Prometheus is to ask of a stack: a file that each `up` writes anew, read as soon as it changes."""

from __future__ import annotations

import json

from fraudctl.home.stack import METRICS, Stack

HOST = "127.0.0.1"
_FLINKS = "-metrics"
"""what the roles of Flink's ports for metrics end with, after the name of the process"""


def of(stack: Stack) -> dict[str, str]:
    """The address of each program that answers `/metrics`, by its name."""
    ports = dict(stack.ports.get(METRICS, {}))
    if "kafka" not in stack.addresses:
        ports = {}
    elif not stack.runs_jobs:
        ports.pop("keeper", None)
    for role, port in stack.ports.get("flink", {}).items():
        if role.endswith(_FLINKS):
            ports["flink-" + role.removesuffix(_FLINKS)] = port
    return {program: f"{HOST}:{port}" for program, port in sorted(ports.items())}


def text(stack: Stack) -> str:
    """The file: a group for each program, which is its label."""
    groups = [
        {"targets": [address], "labels": {"program": program}} for program, address in of(stack).items()
    ]
    return json.dumps(groups, indent=2) + "\n"
