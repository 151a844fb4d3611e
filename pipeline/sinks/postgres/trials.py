"""PostgreSQL in experiments and benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from pathlib import Path

from pipeline.connections.secrets import Secret
from pipeline.sinks import Unavailable
from pipeline.sinks.postgres import Settings
from pipeline.sinks.postgres.client import ask
from pipeline.sinks.trials import NotDone, Place


def refuse(address: str, secret: Secret, settings: Settings, refuses: bool) -> None:
    """Every transaction is read only, or none is."""
    setting = "SET default_transaction_read_only = on" if refuses else "RESET default_transaction_read_only"
    for statement in (f"ALTER SYSTEM {setting}", "SELECT pg_reload_conf()"):
        _do(address, secret, settings, statement)


def place(address: str, secret: Secret, settings: Settings, token: str, folder: Path) -> Place:
    """A database of its own."""
    name = f"fraudctl_{token}"
    return Place(
        f"{address.rpartition('/')[0]}/{name}",
        {},
        lambda: _do(address, secret, settings, f'CREATE DATABASE "{name}"'),
        lambda: _do(address, secret, settings, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'),
    )


def _do(address: str, secret: Secret, settings: Settings, statement: str) -> None:
    try:
        ask(address, secret, statement, settings=settings)
    except Unavailable as error:
        raise NotDone(f"PostgreSQL did not take {statement.split('(')[0]!r}: {error}") from error
