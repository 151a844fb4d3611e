"""The pipeline's own processes of a local stack: keeper, ticker and one writer per sink."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from fraudctl.engines import targets
from fraudctl.home import typed_files
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged
from fraudctl.servers import Program
from pipeline.metrics import SinkStatus
from pipeline.projector import Config
from pipeline.records import names
from pipeline.records.names import writer_group
from pipeline.sinks import settings_of

if TYPE_CHECKING:
    from pipeline.projector import Config

SILENT_MS = 20
EXPORTER = "exporter"
"""the program that looks at the stack from outside"""
_STATUS: Final = TypeAdapter(SinkStatus)
_PACKAGES = Path(__file__).resolve().parents[2]


def sinks(stack: Stack) -> list[str]:
    """The sinks of the profile that this stack can feed: it has Kafka and their store."""
    if "kafka" not in stack.addresses:
        return []
    return [sink for sink in stack.profile.sinks if stack.feeds(sink)]


def program(sink: str) -> str:
    """The supervised program that is a sink's writer."""
    return f"sink-{sink}"


def status_file(stack: Stack, sink: str) -> Path:
    """Where a sink's writer tells of itself."""
    return stack.paths.run / f"sink-{sink}.status.json"


def said(stack: Stack, sink: str) -> SinkStatus | None:
    """What a sink's writer last told of itself; None before it has. Damaged, Newer."""
    mend = f"run: fraudctl restart {program(sink)}, which writes it anew"
    return typed_files.read(status_file(stack, sink), _STATUS, mend)


def pause_file(stack: Stack, sink: str) -> Path:
    """While it is there, the sink's writer reads nothing; it outlives a restart of the stack."""
    return stack.paths.run / f"sink-{sink}.pause"


def dead_letters(stack: Stack, sink: str) -> str:
    """The topic for decisions that a sink refuses for good."""
    return names.dead_letters(stack.profile.topics.decisions, sink)


def ticks(stack: Stack) -> bool:
    """Whether silence is put into the transactions topic."""
    return "kafka" in stack.addresses and stack.profile.pipeline.idle_after_ms == 0


def notifies(stack: Stack) -> bool:
    """Whether somebody is told of alerts."""
    return bool(stack.profile.notify.channels) and "dynamodb" in stack.addresses


def notifier(stack: Stack) -> dict[str, object]:
    """What the notifier is started with: the document of `pipeline.notifier.Config`."""
    secret = stack.secret_path("dynamodb")
    sink = settings_of("dynamodb", stack.profile.sinks.get("dynamodb", {}))
    return {
        "address": stack.address("dynamodb"),
        "secret_file": str(secret) if secret else None,
        "channels": {name: dict(settings) for name, settings in stack.profile.notify.channels.items()},
        "digest_window_ms": stack.profile.notify.digest_window_ms,
        "digest_over": stack.profile.notify.digest_over,
        "region": sink.region,
        "role": sink.role,
        "ca_file": str(sink.ca_file) if sink.ca_file else None,
        "metrics_port": stack.metrics_port("notifier"),
        "metrics_host": stack.metrics_host,
        "alerts_table": sink.table,
        "create": sink.create,
        "masked": sorted(stack.profile.masks.fields),
        "status_file": str(stack.paths.run / "notifier.status.json"),
    }


def programs(stack: Stack) -> list[Program]:
    """The processes to supervise, in start order."""
    found: list[Program] = []
    if stack.runs_jobs:
        found.append(_python(stack, "keeper", ["fraudctl.keeper", "--home", str(stack.home)]))
    if ticks(stack):
        found.append(_python(stack, "ticker", ["pipeline.ticker", "--config", str(_ticker_file(stack))]))
    if "kafka" in stack.addresses:
        found += [
            _python(stack, program(sink), ["pipeline.projector", "--config", str(sink_file(stack, sink))])
            for sink in sinks(stack)
        ]
    if notifies(stack):
        arguments = ["pipeline.notifier", "--config", str(_notifier_file(stack))]
        found.append(_python(stack, "notifier", arguments))
    if "kafka" in stack.addresses and stack.metrics_port(EXPORTER):
        found.append(_python(stack, EXPORTER, ["fraudctl.observe.exporter", "--home", str(stack.home)]))
    return found


def write_configurations(stack: Stack) -> None:
    """Write what each process reads at its start, and make the folder of a store that is one in the home."""
    for sink in sinks(stack):
        if stack.sink_address(sink) == stack.paths.data(sink).as_uri():
            make_folder(stack.paths.data(sink))
    if notifies(stack):
        _write(_notifier_file(stack), notifier(stack))
    write_atomically(stack.paths.metrics_targets, targets.text(stack))
    if "kafka" not in stack.addresses:
        return
    _write(_ticker_file(stack), _ticker(stack))
    for sink in sinks(stack):
        _write(sink_file(stack, sink), _sink(stack, sink))


def _ticker(stack: Stack) -> dict[str, object]:
    return {
        "kafka": stack.kafka.as_document(),
        "topic": stack.profile.topics.transactions,
        "out_of_orderness_ms": stack.profile.pipeline.out_of_orderness_ms,
        "silent_ms": SILENT_MS,
        "metrics_port": stack.metrics_port("ticker"),
        "metrics_host": stack.metrics_host,
    }


def _sink(stack: Stack, sink: str) -> dict[str, object]:
    secret = stack.secret_path(sink)
    return {
        "sink": sink,
        "kafka": stack.kafka.as_document(),
        "decisions_topic": stack.profile.topics.decisions,
        "forgotten_topic": stack.profile.topics.forgotten,
        "dead_letter_topic": dead_letters(stack, sink),
        "group": writer_group(sink),
        "settings": dict(stack.profile.sinks[sink]),
        "address": stack.sink_address(sink),
        "secret_file": str(secret) if secret else None,
        "status_file": str(status_file(stack, sink)),
        "pause_file": str(pause_file(stack, sink)),
        "metrics_port": stack.metrics_port(program(sink)),
        "metrics_host": stack.metrics_host,
    }


def _ticker_file(stack: Stack) -> Path:
    return stack.paths.run / "ticker.json"


def _notifier_file(stack: Stack) -> Path:
    return stack.paths.run / "notifier.json"


def sink_file(stack: Stack, sink: str) -> Path:
    """What a sink's writer is started with."""
    return stack.paths.run / f"sink-{sink}.json"


def writer(stack: Stack, sink: str) -> Config:
    """What a sink's writer is started with, as it lies in the home; its servers where we find them.

    Damaged where it cannot be used.
    """
    path, mend = sink_file(stack, sink), "run: fraudctl up, which writes it anew"
    found = typed_files.read(path, TypeAdapter(Config), mend)
    if found is None:
        raise Damaged(f"{path} is not there", hint=mend)
    if stack.inside is None:
        return found
    return replace(found, kafka=stack.kafka, address=stack.sink_address(sink))


def _write(path: Path, document: dict[str, object]) -> None:
    write_atomically(path, json.dumps(document, indent=2) + "\n")


def _python(stack: Stack, name: str, arguments: Sequence[str]) -> Program:
    path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
    env = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    if name == EXPORTER:  # each thread would have an arena of its own, and its clients of Kafka have many
        env["MALLOC_ARENA_MAX"] = "2"
    return Program(name, [sys.executable, "-m", *arguments], env=env, directory=stack.home)
