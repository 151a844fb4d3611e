"""Elasticsearch in experiments and benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.connections.secrets import Secret
from pipeline.sinks.elasticsearch import Settings
from pipeline.sinks.elasticsearch.refusals import Failure
from pipeline.sinks.elasticsearch.server import Server
from pipeline.sinks.trials import NotDone, Place


def refuse(address: str, secret: Secret, settings: Settings, refuses: bool) -> None:
    """The whole cluster is read only but for deletions, or it is not."""
    body = {"transient": {"cluster.blocks.read_only_allow_delete": True if refuses else None}}
    with _connected(address, secret, settings) as server:
        server.ask("PUT", "/_cluster/settings", body)


def place(address: str, secret: Secret, settings: Settings, token: str, folder: Path) -> Place:
    """An alias of its own. From 8 on indices are deleted by their full names alone."""
    alias = f"fraudctl-{token}"

    def drop() -> None:
        with _connected(address, secret, settings) as server:
            for index in server.indices(alias):
                server.ask("DELETE", f"/{index}", missing_ok=True)
            server.ask("DELETE", f"/_index_template/{alias}", missing_ok=True)

    return Place(address, {"index": alias}, drop=drop)


@contextmanager
def _connected(address: str, secret: Secret, settings: Settings) -> Iterator[Server]:
    server = Server(address, secret, settings)
    try:
        yield server
    except Failure as error:
        raise NotDone(f"Elasticsearch did not do it: {error}") from error
    finally:
        server.close()
