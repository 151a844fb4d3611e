"""Writes decisions to PostgreSQL: scores, rule hits and runs, one batch a transaction.
Effectively once: a repeat is an upsert on (user_id, event_id) that only a greater position wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pipeline.connections.secrets import Secret
from pipeline.settings.kinds import Truth
from pipeline.settings.reading import settings
from pipeline.sinks import Site
from pipeline.sinks.ageing import RetentionMs
from pipeline.sinks.postgres.client import Connection

if TYPE_CHECKING:
    from pipeline.sinks.postgres.writer import PostgresSink

USER: Final = "fraudctl"
DATABASE: Final = "fraudctl"


def address(site: Site) -> str:
    """The server's own address if it is a URL, else our user's and database's on it."""
    return site.server if "://" in site.server else f"postgresql://{USER}@{site.server}/{DATABASE}"


@settings({"retention_ms": "retention"})
class Settings(Connection):
    """What the PostgreSQL sink can be told."""

    create: Annotated[bool, Truth()] = True
    """make missing tables; false where somebody else does, and the writer may not"""
    retention_ms: RetentionMs | None = None
    """rows of events that are older are deleted; without it none are"""


def prepare(address: str, secret: Secret, settings: Settings) -> None:
    """Create the tables. Raises Unavailable."""
    # Whoever reads a profile imports this module for its Settings, and shall not pay for the client.
    from pipeline.sinks.postgres.schema import create_schema

    create_schema(address, secret, settings)


def connect(address: str, secret: Secret, settings: Settings) -> PostgresSink:
    """A sink for the database at `address` (a DSN without password)."""
    # As in `prepare`.
    from pipeline.sinks.postgres.writer import PostgresSink

    return PostgresSink(address, secret, settings)
