"""PostgreSQL in experiments and benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from pathlib import Path

from pipeline.sinks import Unavailable
from pipeline.sinks.postgres.client import ask
from pipeline.sinks.trials import NotDone, Place


def refuse(address: str, secret: str | None, refuses: bool) -> None:
    """Every transaction is read only, or none is."""
    setting = "SET default_transaction_read_only = on" if refuses else "RESET default_transaction_read_only"
    for statement in (f"ALTER SYSTEM {setting}", "SELECT pg_reload_conf()"):
        _do(address, secret, statement)


def place(address: str, secret: str | None, token: str, folder: Path) -> Place:
    """A database of its own."""
    name = f"fraudctl_{token}"
    return Place(
        f"{address.rpartition('/')[0]}/{name}",
        {},
        lambda: _do(address, secret, f'CREATE DATABASE "{name}"'),
        lambda: _do(address, secret, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'),
    )


def _do(address: str, secret: str | None, statement: str) -> None:
    try:
        ask(address, secret, statement)
    except Unavailable as error:
        raise NotDone(f"PostgreSQL did not take {statement.split('(')[0]!r}: {error}") from error
