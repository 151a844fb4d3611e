"""What the programs of a stack are called: by us, by Compose, and in the network of their project.

A program has one name in every engine. Compose calls Flink's two as people type them there
(`--scale taskmanager=3`); in the network both have our name as well, which the stack's certificate is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fraudctl.flink.cluster import TASKMANAGER as TASKMANAGER

JOBMANAGER: Final = "flink-jobmanager"
KEEPER: Final = "keeper"
DYNAMODB: Final = "dynamodb"
_SERVICES: Final[Mapping[str, str]] = {JOBMANAGER: "jobmanager", TASKMANAGER: "taskmanager"}
_PROGRAMS: Final[Mapping[str, str]] = {service: program for program, service in _SERVICES.items()}


def service(program: str) -> str:
    """The service that runs a program."""
    return _SERVICES.get(program, program)


def program(service: str, number: str) -> str:
    """The program that a service's container of that number is; the first has no number behind its name."""
    name = _PROGRAMS.get(service, service)
    return name if number == "1" else f"{name}-{number}"
