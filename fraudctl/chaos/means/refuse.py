"""Makes a store refuse every write for a time, by the store's own means; reading goes on.

PostgreSQL: `default_transaction_read_only`. Redis: `min-replicas-to-write`, with no replica there.
Elasticsearch: the cluster-wide block that a full disk sets. DynamoDB Local has nothing of the kind.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.engines import workers
from fraudctl.errors import Failed
from fraudctl.home.stack import Stack
from pipeline.connections.proxies import open_url

NEEDS = ("target", "lasts")


def targets() -> tuple[str, ...]:
    return tuple(_REFUSING)


def words(fault: Fault) -> str:
    return f"let {fault.target} refuse every write for {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, Any]:
    _programs.check(stack, workers.program(fault.target))
    _programs.check(stack, fault.target)
    return {"store": fault.target}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    _REFUSING[memo["store"]](stack, True)


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    _REFUSING[memo["store"]](stack, False)


def _postgres(stack: Stack, refuses: bool) -> None:
    import psycopg

    setting = "SET default_transaction_read_only = on" if refuses else "RESET default_transaction_read_only"
    try:
        with psycopg.connect(stack.postgres_dsn(), autocommit=True, connect_timeout=10) as connection:
            connection.execute(f"ALTER SYSTEM {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL did not take the setting: {error}") from error


def _redis(stack: Stack, refuses: bool) -> None:
    import redis

    try:
        with redis.Redis.from_url(stack.redis_url(), socket_timeout=10) as client:
            client.config_set("min-replicas-to-write", "1" if refuses else "0")
    except redis.RedisError as error:
        raise Failed(f"Redis did not take the setting: {error}") from error


def _elasticsearch(stack: Stack, refuses: bool) -> None:
    body = {"transient": {"cluster.blocks.read_only_allow_delete": True if refuses else None}}
    request = urllib.request.Request(
        f"http://{stack.address('elasticsearch')}/_cluster/settings",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
        method="PUT",
    )
    try:
        open_url(request, 10).close()
    except OSError as error:
        raise Failed(f"Elasticsearch did not take the setting: {error}") from error


_REFUSING: Mapping[str, Callable[[Stack, bool], None]] = {
    "elasticsearch": _elasticsearch,
    "postgres": _postgres,
    "redis": _redis,
}
