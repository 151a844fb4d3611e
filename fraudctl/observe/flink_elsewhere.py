"""A Flink that is not ours to start, tried step by step as commands and the keeper will ask it.

Nothing is handed to it.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import Final

from fraudctl.errors import FraudctlError
from fraudctl.flink.answers import Overview
from fraudctl.flink.rest import Flink
from pipeline.connections import trouble, way
from pipeline.connections.flink import FlinkRest
from pipeline.connections.proxies import proxy_url
from pipeline.connections.tls import BadFile
from pipeline.connections.way import Finding, Place

_WAIT_S: Final = 10.0


def examine(rest: FlinkRest, parallelism: int) -> Iterator[Finding]:
    """Name, certificates, login, version, and room for a job of that parallelism; up to what ends it."""
    flink = Flink(rest, timeout_s=_WAIT_S)
    try:
        yield from _way(rest)
        found = flink.overview()
    except (OSError, BadFile, ValueError) as error:
        mend = flink.mend(error) or "see that its JobManager runs there, and port and firewalls on the way"
        yield Finding(way.step_of(trouble.of(error)), str(error), mend, is_broken=True)
    except FraudctlError as error:
        step = "login" if error.code == "flink_login" else way.step_of(trouble.of(error))
        yield Finding(step, error.message, error.hint, is_broken=True)
    else:
        yield Finding("login", f"let in by a cluster with {found.taskmanagers} TaskManager(s)")
        yield _version(found.version, importlib.metadata.version("apache-flink"))
        yield _room(found, parallelism)


def _way(rest: FlinkRest) -> Iterator[Finding]:
    """Raises OSError, BadFile, ValueError."""
    files = rest.tls_files if rest.is_encrypted else None
    place = Place(rest.host, rest.port, files, is_proxied=proxy_url(rest.url) is not None)
    yield from way.to(place)


def _version(theirs: str, ours: str) -> Finding:
    """What is handed over is of our version, and read by another one only if the first two numbers agree."""
    if theirs.split(".")[:2] == ours.split(".")[:2]:
        return Finding("version", f"Flink {theirs}")
    line = ".".join(ours.split(".")[:2])
    return Finding("version", f"Flink {theirs}: jobs are made for {line}", f"take it to Flink {line}", True)


def _room(found: Overview, parallelism: int) -> Finding:
    """Whether all of the live job can run at once; what is taken may be by that job itself."""
    said = f"{found.slots} slot(s), {found.free_slots} of them free; the profile wants {parallelism}"
    if found.slots >= parallelism:
        return Finding("slots", said)
    return Finding("slots", said, "give it more TaskManagers, or say less pipeline.parallelism", True)
