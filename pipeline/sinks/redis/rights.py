"""What Redis must let the sink do (see `pipeline.sinks.rights`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pipeline.connections.secrets import Secret
from pipeline.connections.way import Finding, Place
from pipeline.sinks.redis import Settings, scripts
from pipeline.sinks.redis.address import Address, parse
from pipeline.sinks.redis.client import client, told_apart
from pipeline.sinks.redis.keys import Layout
from pipeline.sinks.rights import Asked, Rights, missing, numbers, too_old

KEYS: Final = ("risk:*", "foreign:risk:*")
"""What is found under the name of a list and is none is put aside under the second."""

_ON_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "exists": (),
    "hgetall": (),
    "hmget": ("f",),
    "hset": ("f", "v"),
    "get": (),
    "set": ("v",),
    "del": (),
    "type": (),
    "pexpireat": ("1",),
    "pexpiretime": (),
    "rename": ("foreign:risk:flag:",),
    "zadd": ("1", "m"),
    "zcard": (),
    "zcount": ("0", "1"),
    "zrangebyscore": ("0", "1"),
    "zrem": ("m",),
    "zremrangebyscore": ("0", "1"),
    "zrevrange": ("0", "1"),
    "zscore": ("m",),
}
"""Commands on a key, with what follows it in a call that is well formed."""
LEAST: Final = "7.0"
"""of Redis and of Valkey, which began at 7.2: `pexpiretime`"""
_OTHERS: Final = ("ping", "time", "scan", "eval")
_OF_ONE_SERVER: Final = ("evalsha", "script|exists", "script|load")
"""A cluster is sent the whole script each time."""
_OF_A_CLUSTER: Final = ("cluster|slots", "command")


def needed(asked: Asked) -> Rights:
    """One line of ACL; the password is given to the user by who runs it."""
    at = parse(asked.address)
    user = at.user or asked.who
    commands = [f"+{name}" for name in _commands(at)]
    rules = ["on", "resetkeys", "resetchannels", *(f"~{key}" for key in KEYS), "-@all", *commands]
    document = {"user": user, "keys": list(KEYS), "commands": [name[1:] for name in commands]}
    return Rights(f"ACL SETUSER {user} {' '.join(rules)}", document)


def places(address: str, settings: Settings) -> Sequence[Place]:
    """Each server or sentinel of the address."""
    at = parse(address)
    tls = settings.tls_files if at.has_tls else None
    return [Place(host, port, tls) for host, port in at.hosts]


def ask(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """Raises Unavailable."""
    layout = Layout(parse(address).is_cluster)
    key = layout.keys_of(("doctor", "doctor"))[0]
    with told_apart("a key of the sink"):
        connection: Any = client(address, secret, settings, wait_s=5)
        with connection:
            connection.ping()
            said, lowest = _versions(connection)
            yield Finding("login", said)
            yield from too_old("the server", lowest, LEAST)
            asked = [json.dumps(call) for call in _calls(key, parse(address))]
            lacking = connection.eval(scripts.RIGHTS, 1, key, *asked)
            yield missing(f"commands on {KEYS[0]}", [str(name) for name in lacking], "redis")


def _commands(at: Address) -> list[str]:
    found = [*_ON_KEYS, *_OTHERS]
    if at.database:
        found.append("select")
    return sorted([*found, *(_OF_A_CLUSTER if at.is_cluster else _OF_ONE_SERVER)])


def _calls(key: str, at: Address) -> Iterator[list[str]]:
    """Each command as it might be sent."""
    yield from ([name, key, *more] for name, more in _ON_KEYS.items())
    yield from (["ping"], ["time"], ["scan", "0"])
    yield ["eval", "return 1", "1", key]
    if at.is_cluster:
        yield from (["cluster", "slots"], ["command"])
    else:
        yield ["evalsha", "0" * 40, "1", key]
        yield from (["script", "exists", "0" * 40], ["script", "load", "return 1"])


def _versions(connection: Any) -> tuple[str, str]:
    """What was let us in, and the lowest version of it: of a cluster, of its primaries."""
    if not hasattr(connection, "nodes_manager"):
        name, number = _hello(connection.execute_command("HELLO"))
        return f"{name} {number}", number
    primaries = connection.get_primaries()
    found = sorted(_hello(connection.execute_command("HELLO", target_nodes=one)) for one in primaries)
    called = ", ".join(sorted({f"{name} {number}" for name, number in found}))
    lowest = min((number for _, number in found), key=numbers)
    return f"a cluster of {len(primaries)} primaries: {called}", lowest


def _hello(said: Any) -> tuple[str, str]:
    """The name of a server and the number of its version."""
    pairs = said if isinstance(said, dict) else dict(zip(said[::2], said[1::2], strict=True))
    return str(pairs.get("server")), str(pairs.get("version"))
