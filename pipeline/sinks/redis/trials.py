"""Redis in experiments and benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.sinks import Unavailable
from pipeline.sinks.redis.client import client, told_apart
from pipeline.sinks.trials import NotDone, Place

if TYPE_CHECKING:
    import redis

_DATABASE = 15


def refuse(address: str, secret: str | None, refuses: bool) -> None:
    """Writes want a replica that is not there, or none."""
    with _connected(address, secret) as connection:
        connection.config_set("min-replicas-to-write", "1" if refuses else "0")


def place(address: str, secret: str | None, token: str, folder: Path) -> Place:
    """The last database of the server, which must be empty: Redis has no names for them."""
    there = f"{address.rpartition('/')[0]}/{_DATABASE}"

    def check() -> None:
        with _connected(there, secret) as connection:
            if connection.dbsize():
                raise NotDone(
                    f"database {_DATABASE} of the Redis server is not empty",
                    f"a benchmark writes there; if nobody needs it: SELECT {_DATABASE}, FLUSHDB",
                )

    def flush() -> None:
        with _connected(there, secret) as connection:
            connection.flushdb(asynchronous=True)

    return Place(there, {}, check, flush)


@contextmanager
def _connected(address: str, secret: str | None) -> Iterator[redis.Redis]:
    try:
        with told_apart("a setting"), client(address, secret) as connection:
            yield connection
    except Unavailable as error:
        raise NotDone(f"Redis did not do it: {error}") from error
