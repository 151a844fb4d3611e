"""A connection of the sink to its server, and what an error of it means."""

from __future__ import annotations

from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def open_(dsn: str, password: str | None) -> Connection:
    """Connected, each statement its own transaction unless one is begun. Raises psycopg.Error."""
    connection = psycopg.connect(
        dsn,
        password=password,
        autocommit=True,
        connect_timeout=5,
        tcp_user_timeout=10_000,
        application_name="fraudctl-sink",
    )
    try:
        connection.execute("SET statement_timeout = '60s'")
    except BaseException:
        connection.close()
        raise
    return connection


def is_never(error: Exception) -> bool:
    """Whether the data is at fault: SQLSTATE classes 22 and 23, and rows beyond a limit."""
    if isinstance(error, UnicodeEncodeError):
        return True
    state = getattr(error, "sqlstate", None) if isinstance(error, psycopg.Error) else None
    return state is not None and (state[:2] in ("22", "23") or state == "54000")


def is_of_another_form(error: psycopg.Error) -> bool:
    """Whether the tables, or a value in them, are not what a sink makes: a table or column is missing or of
    another type, a value is beyond what can be read."""
    return error.sqlstate in ("42P01", "42703", "42804", "42883") or (error.sqlstate or "")[:2] == "22"


def words(error: Exception) -> str:
    """The first line of what the server or the client says, with its SQLSTATE."""
    lines = str(error).strip().splitlines()
    state = getattr(error, "sqlstate", None)
    return f"{lines[0] if lines else type(error).__name__}" + (f" ({state})" if state else "")
