"""DynamoDB in benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pipeline.connections.secrets import Secret
from pipeline.sinks.dynamodb import Settings
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.store import runs_name
from pipeline.sinks.trials import Place


def place(address: str, secret: Secret, settings: Settings, token: str, folder: Path) -> Place:
    """Tables of its own."""
    table = f"fraud_{token}"

    def drop() -> None:
        client = dynamo.client(address, settings.access(secret), region=settings.region)
        for name in (table, runs_name(table)):
            with suppress(dynamo.Unreachable):
                dynamo.call(client.delete_table, TableName=name)

    return Place(address, {"table": table}, drop=drop)
