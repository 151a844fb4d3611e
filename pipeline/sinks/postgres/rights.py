"""What PostgreSQL must let the sink do (see `pipeline.sinks.rights`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pipeline.connections.secrets import Secret
from pipeline.connections.way import Finding, Place
from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import DATABASE, USER, Settings, client
from pipeline.sinks.postgres import statements as sql
from pipeline.sinks.rights import Asked, Rights, missing, too_old

TABLES: Final = {
    "risk_schema": ("SELECT",),
    "risk_scores": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "rule_triggers": ("SELECT", "INSERT", "DELETE"),
    "job_runs": ("SELECT", "INSERT", "UPDATE"),
}
"""Deletions of scores are repair's."""
LEAST: Final = "14"
"""the oldest line that its makers still look after"""


def needed(asked: Asked) -> Rights:
    """SQL for the owner of the database. Who makes the tables owns them, and needs nothing on them."""
    at, settings = _parameters(asked.address), asked.settings
    database, user = at.get("dbname") or DATABASE, at.get("user") or asked.who or USER
    schema = ["USAGE", "CREATE"] if settings.create else ["USAGE"]
    given = [
        (["CONNECT", "TEMPORARY"], f"DATABASE {_quoted(database)}"),
        (schema, "SCHEMA public"),
        *([] if settings.create else [(list(rights), f"TABLE {table}") for table, rights in TABLES.items()]),
    ]
    lines = [f"GRANT {', '.join(rights)} ON {on} TO {_quoted(user)};" for rights, on in given]
    text = "\n".join([] if settings.create else [_tables(), ""]) + "\n".join(lines)
    grants = [{"on": on, "privileges": rights} for rights, on in given]
    return Rights(text.strip(), {"role": user, "database": database, "grants": grants})


def places(address: str, settings: Settings) -> Sequence[Place]:
    """Each host of the address; none for a socket in the file system."""
    at = client.conninfo(address, settings)
    return [_place(one, str(at.get("sslmode") or ""), settings) for one in client.hosts(at)]


def _place(host: client.Host, mode: str, settings: Settings) -> Place:
    if mode in ("require", "verify-ca"):
        lets = "any certificate" if mode == "require" else "a certificate for any name"
        return Place(host.name, host.port, unchecked=f"sslmode {mode} lets {lets} pass")
    tls = settings.tls_files if mode == "verify-full" else None
    return Place(host.at if tls else host.name, host.port, tls, client.ask_for_tls, host.name)


def ask(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """Raises Unavailable."""
    [(version, user)] = client.ask(
        address, secret, "SELECT current_setting('server_version'), current_user", settings=settings
    )
    yield Finding("login", f"PostgreSQL {version}, as {user}")
    yield from too_old("PostgreSQL", version, LEAST)
    there = bool(client.ask(address, secret, "SELECT to_regclass('risk_schema')", settings=settings)[0][0])
    lacking = client.ask(address, secret, _lacking(there, settings.create), settings=settings)
    yield missing("database, schema and tables", [str(row[0]) for row in lacking], "postgres")
    if not there:
        if not settings.create:
            raise Unavailable("the tables are missing, and sinks.postgres.create is false")
        yield Finding("tables", "not there yet: the writer makes them")


def _lacking(are_there: bool, creates: bool) -> str:
    """A query for the names of rights that the user does not have."""
    asked = [
        ("has_database_privilege(current_database(), 'CONNECT')", "CONNECT on the database"),
        ("has_database_privilege(current_database(), 'TEMPORARY')", "TEMPORARY on the database"),
        ("has_schema_privilege(current_schema(), 'USAGE')", "USAGE on the schema"),
    ]
    if creates and not are_there:
        asked.append(("has_schema_privilege(current_schema(), 'CREATE')", "CREATE on the schema"))
    if are_there:
        asked += [
            (f"has_table_privilege('{table}', '{right}')", f"{right} on {table}")
            for table, rights in TABLES.items()
            for right in rights
        ]
    rows = ", ".join(f"(coalesce({test}, false), '{name}')" for test, name in asked)
    return f"SELECT name FROM (VALUES {rows}) AS asked (has, name) WHERE NOT has"


def _tables() -> str:
    """What makes the tables, for somebody else than the writer to run once."""
    versions = range(1, sql.SCHEMA_VERSION + 1)
    made = "\n".join(sql.schema(version).decode() for version in versions)
    return (
        f"CREATE TABLE risk_schema (version integer NOT NULL);\n{made}\n"
        f"INSERT INTO risk_schema VALUES ({sql.SCHEMA_VERSION});\n"
    )


def _parameters(address: str) -> dict[str, Any]:
    from psycopg.conninfo import conninfo_to_dict

    return dict(conninfo_to_dict(address))


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'
