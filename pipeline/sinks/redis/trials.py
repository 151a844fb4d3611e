"""Redis in experiments and benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.connections.secrets import Secret
from pipeline.sinks import Unavailable
from pipeline.sinks.redis.address import parse
from pipeline.sinks.redis.client import Connection, client, told_apart
from pipeline.sinks.trials import NotDone, Place

_DATABASE = 15


def refuse(address: str, secret: Secret, settings: Connection, refuses: bool) -> None:
    """Writes want a replica that is not there, or none."""
    with _connected(address, secret, settings) as connection:
        connection.config_set("min-replicas-to-write", "1" if refuses else "0")


def place(address: str, secret: Secret, settings: Connection, token: str, folder: Path) -> Place:
    """The last database of the server, which must be empty: Redis has no names for them."""
    if parse(address).way:
        raise NotDone("a benchmark writes to a database of its own, which only a single Redis server has")
    there = f"{address.rpartition('/')[0]}/{_DATABASE}"

    def check() -> None:
        with _connected(there, secret, settings) as connection:
            if connection.dbsize():
                raise NotDone(
                    f"database {_DATABASE} of the Redis server is not empty",
                    f"a benchmark writes there; if nobody needs it: SELECT {_DATABASE}, FLUSHDB",
                )

    def flush() -> None:
        with _connected(there, secret, settings) as connection:
            connection.flushdb(asynchronous=True)

    return Place(there, {}, check, flush)


@contextmanager
def _connected(address: str, secret: Secret, settings: Connection) -> Iterator[Any]:
    try:
        with told_apart("a setting"), client(address, secret, settings) as connection:
            yield connection
    except Unavailable as error:
        raise NotDone(f"Redis did not do it: {error}") from error
