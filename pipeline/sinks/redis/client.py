"""How the server is reached, and which of its errors mean what. Knows nothing of what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.sinks import Damaged, Unavailable

if TYPE_CHECKING:
    import redis


def client(url: str, password: str | None, wait_s: float = 10) -> redis.Redis:
    """A client, which connects with its first command. Bytes that are no text pass as surrogates."""
    import redis

    extra: dict[str, object] = {} if password is None else {"password": password}
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=wait_s,
        socket_connect_timeout=min(wait_s, 5),
        **extra,
    )


def ping(url: str, password: str | None) -> None:
    """Returns when the server does its work. Raises Unavailable, after two seconds at the latest."""
    with told_apart("PING"), client(url, password, wait_s=2) as connection:
        connection.ping()


@contextmanager
def told_apart(key: str) -> Iterator[None]:
    """A server that cannot be asked now is Unavailable; one that answers with something else, Damaged."""
    import redis

    try:
        yield
    except redis.ResponseError as error:
        if is_of_another_type(error):
            raise Damaged(f"{key} holds a value of another type") from error
        raise Unavailable(str(error)) from error
    except (redis.RedisError, OSError) as error:
        raise Unavailable(str(error) or type(error).__name__) from error


def is_of_another_type(error: Exception) -> bool:
    """Whether the server refuses since a key holds what no sink writes there."""
    return "WRONGTYPE" in str(error)


def server_ms(connection: redis.Redis) -> int:
    """The server's clock."""
    answer: Any = connection.time()
    seconds, micros = answer
    return int(seconds) * 1000 + int(micros) // 1000
