"""The tables: made when they are not there, brought to this version, refused when they are of a newer one."""

from __future__ import annotations

import psycopg

from pipeline.connections.secrets import Secret
from pipeline.connections.trouble import Trouble
from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import Settings
from pipeline.sinks.postgres import statements as sql
from pipeline.sinks.postgres.client import unavailable
from pipeline.sinks.postgres.connection import Connection, open_
from pipeline.sinks.postgres.statements import SCHEMA_VERSION

_LOCK = 0x66726175  # advisory lock key: whoever creates the schema first


def create_schema(dsn: str, secret: Secret = None, settings: Settings | None = None) -> None:
    """Create the tables when they are not there; safe to repeat and to run twice at once.

    Raises Unavailable when the server cannot be reached or a newer version made the tables.
    """
    settings = settings or Settings()
    try:
        with open_(dsn, secret, settings) as connection:
            migrate(connection, settings.create)
    except psycopg.Error as error:
        raise unavailable(error) from error


def migrate(connection: Connection, create: bool = True) -> None:
    """In one transaction, one at a time. Raises Unavailable for tables that a newer version made.

    Asks first: who finds the tables as they should be needs no right to make any.
    """
    if (found := version(connection)) == SCHEMA_VERSION:
        return
    if found < SCHEMA_VERSION and not create:
        there = f"of schema {found}, not {SCHEMA_VERSION}" if found else "missing"
        raise Unavailable(f"the tables are {there}, and sinks.postgres.create is false", Trouble.PERMISSION)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        connection.execute("CREATE TABLE IF NOT EXISTS risk_schema (version integer NOT NULL)")
        found = version(connection)
        if found > SCHEMA_VERSION:
            raise Unavailable(f"the tables are of schema {found}, newer than {SCHEMA_VERSION}")
        if found < SCHEMA_VERSION:
            for missing in range(found + 1, SCHEMA_VERSION + 1):
                connection.execute(sql.schema(missing))
            connection.execute("INSERT INTO risk_schema VALUES (%s)", (SCHEMA_VERSION,))


def version(connection: Connection) -> int:
    """The version of the tables; 0 where there are none."""
    row = connection.execute("SELECT to_regclass('risk_schema')").fetchone()
    if row is None or row[0] is None:
        return 0
    row = connection.execute("SELECT max(version) FROM risk_schema").fetchone()
    return int(row[0]) if row and row[0] is not None else 0
