"""DynamoDB in benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.store import runs_name
from pipeline.sinks.trials import Place


def place(address: str, secret: str | None, token: str, folder: Path) -> Place:
    """Tables of its own."""
    table = f"fraud_{token}"

    def drop() -> None:
        client = dynamo.client(address, secret)
        for name in (table, runs_name(table)):
            with suppress(dynamo.Unreachable):
                dynamo.call(client.delete_table, TableName=name)

    return Place(address, {"table": table}, drop=drop)
