"""The claims of a user's alerts, taken out of their table.

A claim is kept so that nobody is told twice. Where the alert itself is gone, and is not written again, there
is nothing to tell, so its claims may go too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.client import Item, text


def of_user(client: Any, table: str, user_id: str) -> Iterator[Item]:
    """The keys of his claims: the whole table is read for them. Raises Unreachable."""
    return dynamo.pages(
        client.scan,
        TableName=table,
        ConsistentRead=True,
        ProjectionExpression="claim,channel",
        FilterExpression="begins_with(claim, :u)",
        ExpressionAttributeValues={":u": text(f"{len(user_id)}:{user_id}:")},
    )


def erase(client: Any, table: str, user_id: str) -> int:
    """Drop them; how many there were. Raises Unreachable."""
    doomed = list(of_user(client, table, user_id))
    for key in doomed:
        dynamo.call(client.delete_item, TableName=table, Key=key)
    return len(doomed)
