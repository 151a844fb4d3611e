"""Servers of a stack that are not ours to run: used, and asked how they are, never started or stopped."""

from __future__ import annotations

import shlex

from fraudctl.console.streams import say
from fraudctl.errors import FraudctlError, Unhealthy
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.servers import prometheus, server_class
from pipeline import sinks
from pipeline.sinks import rights

PROBE_S = 5.0


def names(stack: Stack) -> list[str]:
    """The external servers of this stack."""
    return [name for name in stack.addresses if stack.profile.server(name).external is not None]


def title(name: str) -> str:
    """What people call a server."""
    return server_class(name).title


def reason_unwell(stack: Stack, name: str) -> str:
    """Why the server does not do its work now, empty if it does."""
    try:
        if name == "kafka":
            admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
        elif name == "flink":
            from fraudctl.flink.rest import (
                Flink,  # whose HTTP client takes longer to import than all else here
            )

            Flink(stack.flink, timeout_s=PROBE_S).jobs()
        elif name == "prometheus":
            prometheus.ask_ready(stack.address(name), PROBE_S)
        elif name in stack.profile.sinks:
            _ask_store(stack, name)
    except FraudctlError as error:
        return error.message
    except sinks.Unavailable as error:
        return str(error)
    return ""


_NOBODY = ("nobody", "none")
"""whose decision is asked for to see whether a store answers; an empty id is one that some refuse"""


def prepare(stack: Stack, sink: str) -> None:
    """Make what must be in a sink's store before its writer starts.

    Raises Unhealthy where that cannot be done in a server of ours. One that is elsewhere may be away, or not
    let us in yet: that is said, the writer waits, and loses nothing.
    """
    address, secret, settings = stack.sink_address(sink), stack.secret_path(sink), stack.profile.sinks[sink]
    called = title(sink) if sinks.needs_server(sink) else sink
    try:
        if not _is_elsewhere(stack, sink):
            return sinks.prepare(sink, address, secret, settings)
        if hosts := rights.in_the_clear(sink, address, settings):
            say(f"{called} at {', '.join(hosts)} is spoken to in the clear: without TLS")
        sinks.prepare(sink, address, secret, settings)
        _ask_store(stack, sink)
    except (sinks.Unavailable, ValueError) as error:
        mend = sinks.mend(sink, error) or f"see: fraudctl doctor --profile {shlex.quote(stack.profile.name)}"
        if not _is_elsewhere(stack, sink):
            raise Unhealthy(f"{called} cannot be used: {error}", hint=mend) from error
        say(f"{called} cannot be used for now, its writer waits: {error}\n{mend}")


def _is_elsewhere(stack: Stack, sink: str) -> bool:
    if sinks.needs_server(sink):
        return stack.profile.server(sink).external is not None
    return not stack.sink_address(sink).startswith("file:")


def _ask_store(stack: Stack, name: str) -> None:
    settings = dict(stack.profile.sinks[name])
    store = sinks.connect(name, stack.sink_address(name), stack.secret_path(name), settings)
    try:
        store.held(*_NOBODY)
    finally:
        store.close()
