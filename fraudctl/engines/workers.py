"""The pipeline's own processes of a local stack: keeper, ticker and one writer per sink."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fraudctl.servers import Program
from fraudctl.stack import Stack, write_atomically

SILENT_MS = 20
_PACKAGES = Path(__file__).resolve().parents[2]


def sinks(stack: Stack) -> list[str]:
    """The sinks of the profile whose store this stack has."""
    return [sink for sink in stack.profile.sinks if sink in stack.addresses]


def dead_letters(stack: Stack, sink: str) -> str:
    """The topic for decisions that a sink refuses for good."""
    return f"{stack.profile.topics.decisions}.dlq.{sink}"


def programs(stack: Stack) -> list[Program]:
    """The processes to supervise, in start order."""
    found: list[Program] = []
    if stack.runs_jobs:
        found.append(_python(stack, "keeper", ["fraudctl.keeper", "--home", str(stack.home)]))
    if "kafka" in stack.addresses:
        found.append(_python(stack, "ticker", ["pipeline.ticker", "--config", str(_ticker_file(stack))]))
        found += [
            _python(stack, f"sink-{sink}", ["pipeline.projector", "--config", str(_sink_file(stack, sink))])
            for sink in sinks(stack)
        ]
    return found


def write_configurations(stack: Stack) -> None:
    """Write what each process reads at its start."""
    if "kafka" not in stack.addresses:
        return
    _write(_ticker_file(stack), _ticker(stack))
    for sink in sinks(stack):
        _write(_sink_file(stack, sink), _sink(stack, sink))


def _ticker(stack: Stack) -> dict[str, Any]:
    return {
        "bootstrap": stack.kafka,
        "topic": stack.profile.topics.transactions,
        "out_of_orderness_ms": stack.profile.pipeline.out_of_orderness_ms,
        "silent_ms": SILENT_MS,
    }


def _sink(stack: Stack, sink: str) -> dict[str, Any]:
    secret = stack.secret_path(sink)
    return {
        "sink": sink,
        "bootstrap": stack.kafka,
        "decisions_topic": stack.profile.topics.decisions,
        "dead_letter_topic": dead_letters(stack, sink),
        "group": f"fraudctl-sink-{sink}",
        "settings": dict(stack.profile.sinks[sink]),
        "address": stack.sink_address(sink),
        "secret_file": str(secret) if secret else None,
        "status_file": str(stack.paths.run / f"sink-{sink}.status.json"),
    }


def _ticker_file(stack: Stack) -> Path:
    return stack.paths.run / "ticker.json"


def _sink_file(stack: Stack, sink: str) -> Path:
    return stack.paths.run / f"sink-{sink}.json"


def _write(path: Path, document: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(document, indent=2) + "\n")


def _python(stack: Stack, name: str, arguments: Sequence[str]) -> Program:
    path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
    env = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    return Program(name, [sys.executable, "-m", *arguments], env=env, directory=stack.home)
