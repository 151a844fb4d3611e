"""A connection of the sink to its server, and what an error of it means."""

from __future__ import annotations

from typing import Any

import psycopg

from pipeline.connections.secrets import Secret
from pipeline.sinks.postgres import Settings
from pipeline.sinks.postgres.client import connect

Connection = psycopg.Connection[tuple[Any, ...]]


def open_(dsn: str, secret: Secret, settings: Settings) -> Connection:
    """Each statement is a transaction unless one is begun. Raises Unavailable, psycopg.Error."""
    options: dict[str, Any] = {"tcp_user_timeout": 10_000, "application_name": "fraudctl-sink"}
    connection = connect(dsn, secret, settings, **options)
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
