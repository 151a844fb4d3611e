"""How the server is reached, and which of its errors mean what. Knows nothing of what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.tls import BadFile, check
from pipeline.connections.tls import secret as secret_in
from pipeline.connections.trouble import Trouble
from pipeline.settings.kinds import File, Text
from pipeline.settings.reading import settings
from pipeline.sinks import Damaged, Secured, Unavailable
from pipeline.sinks.redis.address import Address, parse

if TYPE_CHECKING:
    import redis

    Client: TypeAlias = redis.Redis
    """or of a cluster, which does for us what that does"""

Options = dict[str, Any]
"""what redis-py is told, by its own names"""
Given = Mapping[str, Any]
"""the same where it is complete"""


@settings()
class Connection(Secured):
    """How the server is reached. TLS, user, Sentinel and cluster are said by its address."""

    sentinel_user: Annotated[str, Text()] | None = None
    """whom sentinels know us as, where they ask"""
    sentinel_password_file: Annotated[Path, File()] | None = None
    """the password alone, for the sentinels"""


def client(url: str, secret: Secret, settings: Connection | None = None, wait_s: float = 10) -> Client:
    """A client, which connects with its first command, to a cluster at once. Bytes that are no text pass as
    surrogates. To be called under `told_apart`.
    """
    settings = settings or Connection()
    at = parse(url)
    options = {
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": wait_s,
        "socket_connect_timeout": min(wait_s, 5),
        **_ours(at.user, at.password if (text := text_of(secret)) is None else text),
        **_tls(at, settings),
    }
    if at.way == "cluster":
        return _cluster(at, options)
    return _watched(at, settings, options) if at.way == "sentinel" else _server(url, options)


def ping(url: str, secret: Secret, settings: Connection | None = None) -> None:
    """Returns when the server does its work. Raises Unavailable, after two seconds at the latest."""
    with told_apart("PING"):
        connection: Any = client(url, secret, settings, wait_s=2)
        with connection:
            connection.ping()


@contextmanager
def told_apart(key: str) -> Iterator[None]:
    """A server that cannot be asked now is Unavailable; one that answers with something else, Damaged."""
    import redis
    from redis.exceptions import RedisClusterException

    try:
        yield
    except redis.ResponseError as error:
        if is_of_another_type(error):
            raise Damaged(f"{key} holds a value of another type") from error
        raise Unavailable(str(error), _trouble(error)) from error
    except (redis.RedisError, RedisClusterException, OSError, ValueError, BadFile) as error:
        raise Unavailable(str(error) or type(error).__name__, _trouble(error)) from error


def is_of_another_type(error: Exception) -> bool:
    """Whether the server refuses since a key holds what no sink writes there."""
    return "WRONGTYPE" in str(error)


def run(pipe: Any, script: Any, keys: Sequence[str], arguments: Sequence[str]) -> None:
    """Put a script into a pipeline, of a cluster by its text: there nothing else is possible."""
    if hasattr(pipe, "nodes_manager"):
        pipe.execute_command("EVAL", script.script, len(keys), *keys, *arguments)
    else:
        script(keys, arguments, client=pipe)


def script(connection: Any, text: str) -> Any:
    """What `run` takes."""
    return connection.register_script(text)


def server_ms(connection: Client) -> int:
    """The server's clock, of any node of a cluster."""
    answer: Any = connection.time()
    if isinstance(answer, dict):
        answer = next(iter(answer.values()))
    seconds, micros = answer
    return int(seconds) * 1000 + int(micros) // 1000


def _server(url: str, options: Given) -> Client:
    import redis

    return redis.Redis.from_url(url, **options)


def _watched(at: Address, settings: Connection, options: Given) -> Client:
    """The master that the sentinels name, asked for anew with each connection."""
    import redis.sentinel

    kind: Any = redis.sentinel.Sentinel
    shared = {name: value for name, value in options.items() if name.startswith(("socket_", "ssl_"))}
    if at.has_tls:
        shared["ssl"] = True
    theirs = {**shared, **_ours(settings.sentinel_user, text_of(settings.sentinel_password_file))}
    sentinels = kind(at.hosts, sentinel_kwargs=theirs, **{**options, **shared})
    master: Client = sentinels.master_for(at.master, db=at.database)
    return master


def _cluster(at: Address, options: Given) -> Client:
    import redis.cluster
    from redis.connection import ConnectionPool, SSLConnection

    # The client of a cluster hands on a part of what it is given: not that the name be checked, for one.
    given: Options = {**options, **({"connection_class": SSLConnection} if at.has_tls else {})}

    class Pool(ConnectionPool):
        def __init__(self, **found: Any) -> None:
            super().__init__(**{**found, **given})

    kind: Any = redis.cluster
    (host, port), *others = at.hosts
    nodes = [kind.ClusterNode(*other) for other in others]
    address = f"redis://{f'[{host}]' if ':' in host else host}:{port}"
    opened: Client = kind.RedisCluster.from_url(
        address, startup_nodes=nodes, connection_pool_class=Pool, **_texts(options)
    )
    return opened


def _texts(options: Given) -> Options:
    """What a cluster's client wants to know itself, to reckon slots."""
    return {name: options[name] for name in ("decode_responses", "encoding_errors")}


def _ours(user: str | None, password: str | None) -> Options:
    given = {"username": user, "password": password}
    return {name: value for name, value in given.items() if value is not None}


def _tls(at: Address, settings: Connection) -> Options:
    if not at.has_tls:
        return {}
    check(settings.tls_files)
    files = {
        "ssl_ca_certs": settings.ca_file,
        "ssl_certfile": settings.cert_file,
        "ssl_keyfile": settings.key_file,
    }
    given: Options = {name: str(path) for name, path in files.items() if path}
    if settings.key_password_file is not None:
        given["ssl_password"] = secret_in(settings.key_password_file)
    return given | {"ssl_check_hostname": True}


def _trouble(error: Exception) -> Trouble | None:
    """By the server's words; None leaves it to what is told of every error."""
    said = str(error)
    if any(word in said for word in ("WRONGPASS", "NOAUTH", "invalid username-password", "Authentication")):
        return Trouble.PASSWORD
    if "NOPERM" in said or "has no permissions" in said or "No permissions" in said:
        return Trouble.PERMISSION
    return Trouble.CLUSTER if said.startswith(("MOVED", "CROSSSLOT")) or "CROSSSLOT" in said else None
