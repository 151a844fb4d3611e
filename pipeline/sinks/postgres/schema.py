"""The tables: made when they are not there, brought to this version, refused when they are of a newer one."""

from __future__ import annotations

import psycopg

from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import statements as sql
from pipeline.sinks.postgres.connection import Connection, open_, words
from pipeline.sinks.postgres.statements import SCHEMA_VERSION

_LOCK = 0x66726175  # advisory lock key: whoever creates the schema first


def create_schema(dsn: str, password: str | None = None) -> None:
    """Create the tables when they are not there; safe to repeat and to run twice at once.

    Raises Unavailable when the server cannot be reached or a newer version made the tables.
    """
    try:
        with open_(dsn, password) as connection:
            migrate(connection)
    except psycopg.Error as error:
        raise Unavailable(words(error)) from error


def migrate(connection: Connection) -> None:
    """In one transaction, one at a time. Raises Unavailable for tables that a newer version made."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        connection.execute("CREATE TABLE IF NOT EXISTS risk_schema (version integer NOT NULL)")
        row = connection.execute("SELECT max(version) FROM risk_schema").fetchone()
        version = row[0] if row and row[0] is not None else 0
        if version > SCHEMA_VERSION:
            raise Unavailable(f"the tables are of schema {version}, newer than {SCHEMA_VERSION}")
        if version < SCHEMA_VERSION:
            for missing in range(version + 1, SCHEMA_VERSION + 1):
                connection.execute(sql.schema(missing))
            connection.execute("INSERT INTO risk_schema VALUES (%s)", (SCHEMA_VERSION,))
