"""Where a benchmark may write: a place of its own in each store, made before and deleted after."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis

from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack, with_password
from pipeline.connections.proxies import open_url
from pipeline.sinks.dynamodb import client as dynamo

_REDIS_DATABASE = 15


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Place:
    """The address and settings that lead a sink there; `make` and `drop` may be repeated."""

    address: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    make: Callable[[], None] = _nothing
    drop: Callable[[], None] = _nothing


def place(stack: Stack, sink: str, token: str) -> Place:
    """A place for that sink under the token's name. UsageError for a sink this stack does not have."""
    if sink not in stack.profile.sinks or not stack.feeds(sink):
        known = ", ".join(name for name in stack.profile.sinks if stack.feeds(name))
        raise UsageError(f"there is no sink {sink}", hint=f"sinks of this stack: {known}", code="no_sink")
    if sink not in _PLACES:
        raise UsageError(f"there is no benchmark for {sink}", hint=f"there is one for {', '.join(_PLACES)}")
    return _PLACES[sink](stack, token)


def _postgres(stack: Stack, token: str) -> Place:
    name = f"fraudctl_{token}"
    address = stack.postgres_address().rpartition("/")[0] + f"/{name}"

    def execute(statement: str) -> None:
        with psycopg.connect(stack.postgres_dsn(), autocommit=True) as connection:
            connection.execute(statement.encode())

    return Place(
        address, {}, lambda: execute(f'CREATE DATABASE "{name}"'),
        lambda: execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'),
    )  # fmt: skip


def _redis(stack: Stack, token: str) -> Place:
    address = stack.redis_address().rpartition("/")[0] + f"/{_REDIS_DATABASE}"
    url = with_password(address, stack.secret("redis"))

    def check() -> None:
        with redis.Redis.from_url(url) as client:
            if client.dbsize():
                raise Failed(
                    f"database {_REDIS_DATABASE} of the Redis server is not empty",
                    hint=f"a benchmark writes there; if nobody needs it: SELECT {_REDIS_DATABASE}, FLUSHDB",
                )

    def flush() -> None:
        with redis.Redis.from_url(url, socket_timeout=60) as client:
            client.flushdb()

    return Place(address, {}, check, flush)


def _elasticsearch(stack: Stack, token: str) -> Place:
    alias = f"fraudctl-{token}"
    address = stack.sink_address("elasticsearch")
    base = address if "://" in address else f"http://{address}"

    def drop() -> None:
        for path in (f"/{alias}-*?expand_wildcards=all", f"/_index_template/{alias}"):
            with suppress(urllib.error.HTTPError):
                open_url(urllib.request.Request(base + path, method="DELETE"), 30).close()

    return Place(address, {"index": alias}, drop=drop)


def _dynamodb(stack: Stack, token: str) -> Place:
    table = f"fraud_{token}"
    address = stack.sink_address("dynamodb")

    def drop() -> None:
        client = dynamo.client(address, stack.secret("dynamodb"))
        for name in (table, f"{table}_runs"):
            with suppress(dynamo.Unreachable):
                dynamo.call(client.delete_table, TableName=name)

    return Place(address, {"table": table}, drop=drop)


def _parquet(stack: Stack, token: str) -> Place:
    folder = stack.home / "bench" / f"{token}-parquet"
    return Place(folder.as_uri(), {}, drop=lambda: shutil.rmtree(folder, ignore_errors=True))


_PLACES: Mapping[str, Callable[[Stack, str], Place]] = {
    "dynamodb": _dynamodb,
    "elasticsearch": _elasticsearch,
    "parquet": _parquet,
    "postgres": _postgres,
    "redis": _redis,
}
