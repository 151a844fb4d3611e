"""Cuts one sink writer off from its store for a time, while both of them live.

The writer is pointed to a small relay on this machine, which passes everything on until the cut: then every
connection is reset and none is accepted. Afterwards the writer is pointed to its store again. The relay lives
in this process; if that dies, the writer has lost its store until the cut is undone (`guardian.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fraudctl import engines
from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.chaos.means._relay import Relay
from fraudctl.engines import workers
from fraudctl.errors import UsageError
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from pipeline import sinks

NEEDS = ("target", "lasts")
_open: dict[str, Relay] = {}


def targets() -> tuple[str, ...]:
    """The stores that are servers: the others have no connection to cut."""
    return tuple(sink for sink in sinks.names() if sinks.needs_server(sink))


def words(fault: Fault) -> str:
    return f"cut the writer of {fault.target} off from its store for {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    sink = fault.target
    _programs.check(stack, workers.program(sink))
    if stack.inside is not None:
        raise UsageError(
            f"the writer of {sink} reaches its store inside a network of their own, where nothing can be cut",
            hint="stop the store instead: fraudctl chaos run stop-" + sink,
        )
    address = stack.addresses.get(sink, "")
    host, _, port = address.rpartition(":")
    if "://" in address or not port.isdigit():
        raise UsageError(
            f"the store of {sink} is at {address}: only one at host:port can be cut off",
            hint="take a fault of another sink, see: fraudctl chaos list; fraudctl sinks list",
        )
    return {"sink": sink, "host": host, "port": int(port)}


def prepare(stack: Stack, memo: Mapping[str, Any]) -> None:
    """Point the writer to the relay; nothing is cut yet."""
    sink = memo["sink"]
    file = workers.sink_file(stack, sink)
    workers.writer(stack, sink)  # a damaged one is named before anything is changed
    config = json.loads(file.read_text(encoding="utf-8"))
    relay = _open[sink] = Relay(memo["host"], memo["port"])
    here, there = f"{memo['host']}:{memo['port']}", f"127.0.0.1:{relay.port}"
    config["address"] = config["address"].replace(here, there)
    write_atomically(file, json.dumps(config, indent=2) + "\n")
    _restart(stack, sink)


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    _open[memo["sink"]].cut()


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    """The writer goes on through the relay for as long as it is there, then to its store itself."""
    sink = memo["sink"]
    relay = _open.pop(sink, None)
    workers.write_configurations(stack)
    _restart(stack, sink)
    if relay is not None:
        relay.close()


def _restart(stack: Stack, sink: str) -> None:
    engine, program = engines.of(stack), workers.program(sink)
    engine.stop(stack, program)
    engine.start(stack, program)
    _programs.await_running(stack, program)
