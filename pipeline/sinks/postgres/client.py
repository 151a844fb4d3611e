"""One statement to a PostgreSQL server, in a connection of its own, for those who ask it little.

The sink and its readers connect for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.sinks import Unavailable


def ask(
    address: str, secret: str | None, statement: str, values: Sequence[Any] = (), *, wait_s: int = 10
) -> list[tuple[Any, ...]]:
    """The rows of a statement, committed as it is done; none where it gives none. Raises Unavailable."""
    import psycopg  # every command that reads a profile imports `fraudctl.servers.postgres`, and so this

    try:
        with psycopg.connect(address, password=secret, autocommit=True, connect_timeout=wait_s) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        raise Unavailable((str(error).strip().splitlines() or [type(error).__name__])[0]) from error
